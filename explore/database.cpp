#include "explore/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <thread>

namespace partita::explore {
namespace {

// A writer holds the store for milliseconds; one that waits longer than this waits for something that hangs.
constexpr std::chrono::milliseconds patience{60'000};
constexpr std::chrono::milliseconds between_tries{5};

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement::Statement(const Database& database, std::string_view text) : database_(&database) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.database_.get(), text.data(), static_cast<int>(text.size()), &statement,
                           nullptr) != SQLITE_OK) {
        database.fail("reading its tables");
    }
    statement_.reset(statement);
}

bool Statement::step() {
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) {
        return true;
    }
    if (result != SQLITE_DONE) {
        sqlite3_reset(statement_.get());
        database_->fail("reading or writing runs");
    }
    sqlite3_reset(statement_.get());
    return false;
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return text == nullptr
               ? std::string()
               : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::optional<std::uint64_t> Statement::optional_integer(int column) const {
    return is_null(column) ? std::nullopt
                           : std::optional<std::uint64_t>(static_cast<std::uint64_t>(integer(column)));
}

std::optional<double> Statement::optional_real(int column) const {
    return is_null(column) ? std::nullopt : std::optional<double>(real(column));
}

void Statement::bind_one(int at, std::int64_t value) {
    if (sqlite3_bind_int64(statement_.get(), at, value) != SQLITE_OK) {
        database_->fail("filling in a statement");
    }
}

void Statement::bind_one(int at, double value) {
    if (sqlite3_bind_double(statement_.get(), at, value) != SQLITE_OK) {
        database_->fail("filling in a statement");
    }
}

void Statement::bind_one(int at, const std::string& value) {
    // SQLite keeps a copy: the value may be gone when the statement runs.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): SQLITE_TRANSIENT is a cast of -1, as SQLite defines it
    if (sqlite3_bind_text64(statement_.get(), at, value.data(), value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK) {
        database_->fail("filling in a statement");
    }
}

void Statement::bind_null(int at) {
    if (sqlite3_bind_null(statement_.get(), at) != SQLITE_OK) {
        database_->fail("filling in a statement");
    }
}

void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close(database);
}

Database::Database(const std::filesystem::path& path) : path_(path) {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(
        path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, nullptr);
    database_.reset(database);
    if (opened != SQLITE_OK) {
        fail("opening it");
    }
    sqlite3_busy_timeout(database, static_cast<int>(patience.count()));
    write_ahead();
    // FULL: a commit is on the disk when it returns. Commits are as rare as simulations end.
    execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
}

void Database::write_ahead() const {
    using std::chrono::steady_clock;
    const auto last_try = steady_clock::now() + patience;
    while (true) {
        const int result =
            sqlite3_exec(database_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
        if (result == SQLITE_OK) {
            return;
        }
        if ((result & 0xFF) != SQLITE_BUSY || steady_clock::now() >= last_try) {
            fail("opening it");
        }
        std::this_thread::sleep_for(between_tries);
    }
}

void Database::execute(const char* text) const {
    if (sqlite3_exec(database_.get(), text, nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail("reading or writing it");
    }
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(database_.get());
}

std::int64_t Database::last_row() const {
    return sqlite3_last_insert_rowid(database_.get());
}

void Database::fail(std::string_view doing) const {
    throw StoreError(
        fmt::format("the store of runs {}: {} failed: {}", path_.string(), doing,
                    database_ != nullptr ? sqlite3_errmsg(database_.get()) : "there is not enough memory"));
}

Transaction::Transaction(const Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (open_) {
        try {
            database_.execute("ROLLBACK");
        } catch (const StoreError&) {
            // SQLite undoes what is open when the file is closed or opened next; the error that led here is
            // the one to tell.
            open_ = false;
        }
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace partita::explore
