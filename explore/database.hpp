#pragma once

// SQLite as values: what a statement binds and reads, and transactions that end with their scope.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace partita::explore {

// The store of runs cannot be read or written. The sentence names the file and says what SQLite found.
class StoreError : public std::runtime_error {
  public:
    explicit StoreError(const std::string& sentence) : std::runtime_error(sentence) {}
};

class Database;

// One statement, compiled once. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
  public:
    Statement(Statement&&) noexcept = default;
    Statement& operator=(Statement&&) noexcept = default;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() = default;

    // Binds the parameters from the first on; an empty optional is NULL.
    template <typename... Values>
    Statement& bind(const Values&... values) {
        int at = 0;
        (bind_one(++at, values), ...);
        return *this;
    }
    // Goes to the next row; false after the last, and the statement can be bound and run again.
    bool step();
    // Gives up the rest of the rows; until then or the last row nobody's later writing is seen.
    void reset();
    // Runs it to its end.
    void run() {
        while (step()) {
        }
    }

    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    bool is_null(int column) const;
    // Nothing where the column is NULL.
    std::optional<std::uint64_t> optional_integer(int column) const;
    std::optional<double> optional_real(int column) const;

  private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    Statement(const Database& database, std::string_view text);

    void bind_one(int at, std::int64_t value);
    void bind_one(int at, std::uint64_t value) { bind_one(at, static_cast<std::int64_t>(value)); }
    void bind_one(int at, std::uint32_t value) { bind_one(at, static_cast<std::int64_t>(value)); }
    void bind_one(int at, int value) { bind_one(at, static_cast<std::int64_t>(value)); }
    void bind_one(int at, bool value) { bind_one(at, static_cast<std::int64_t>(value)); }
    void bind_one(int at, double value);
    void bind_one(int at, const std::string& value);
    void bind_one(int at, const char* value) { bind_one(at, std::string(value)); }
    template <typename Value>
    void bind_one(int at, const std::optional<Value>& value) {
        if (value) {
            bind_one(at, *value);
        } else {
            bind_null(at);
        }
    }
    void bind_null(int at);

    const Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// A file in write-ahead mode: readers never wait, one writer at a time does, and what was committed outlives
// the process and the machine.
class Database {
  public:
    // Makes the file if there is none; its folder must be there. Throws StoreError.
    explicit Database(const std::filesystem::path& path);

    Statement prepare(std::string_view text) const { return {*this, text}; }
    // Several statements, without parameters.
    void execute(const char* text) const;
    // Rows that the last statement changed.
    std::int64_t changes() const;
    std::int64_t last_row() const;
    const std::filesystem::path& path() const { return path_; }

    // Throws StoreError with the file's name and SQLite's words.
    [[noreturn]] void fail(std::string_view doing) const;

  private:
    friend class Statement;
    struct Close {
        void operator()(sqlite3* database) const;
    };

    // Two that open a new file at once are in each other's way here, and SQLite does not wait for them by
    // itself: both hold a lock that the other needs.
    void write_ahead() const;

    std::filesystem::path path_;
    std::unique_ptr<sqlite3, Close> database_;
};

// Takes the right to write at once, so that what it reads is still true when it writes; undone unless
// committed.
class Transaction {
  public:
    explicit Transaction(const Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

  private:
    const Database& database_;
    bool open_ = true;
};

}  // namespace partita::explore
