// One unit of .debug_line: its header with directories and files, and the program that yields the rows. Names
// are those of DWARF 5, section 6.2, where the equations stand.

#include <array>

#include "chip/program/cursor.hpp"
#include "chip/program/debug_lines.hpp"

namespace partita::chip::program {
namespace {

class Unit {
  public:
    Unit(std::span<const std::byte> unit, const DebugSections& sections, LineTable& table)
        : bytes_(unit), at_(unit), sections_(sections), table_(table), first_file_(table.files.size()) {}

    void read() {
        if (read_header()) {
            run();
        }
    }

  private:
    bool read_header() {
        version_ = at_.number<std::uint16_t>();
        if (version_ < 2 || version_ > 5) {
            return false;
        }
        if (version_ == 5) {
            at_.take(2);  // bytes of an address, of a segment selector
        }
        const auto header_length = at_.number<std::uint32_t>();
        const std::uint64_t program_at = at_.offset() + std::uint64_t{header_length};
        minimum_instruction_length_ = at_.number<std::uint8_t>();
        if (version_ >= 4) {
            at_.take(1);  // operations of a VLIW instruction
        }
        at_.take(1);  // whether rows begin as statements
        line_base_ = std::int32_t{at_.number<std::int8_t>()};
        line_range_ = at_.number<std::uint8_t>();
        opcode_base_ = at_.number<std::uint8_t>();
        if (at_.failed() || line_range_ == 0 || opcode_base_ == 0) {
            return false;
        }
        for (unsigned opcode = 1; opcode < opcode_base_; ++opcode) {
            operands_[opcode] = at_.number<std::uint8_t>();
        }
        const bool sensible = version_ == 5 ? read_files_version_5() : read_files_before_version_5();
        if (!sensible || at_.failed() || program_at > bytes_.size()) {
            return false;
        }
        at_ = Cursor(bytes_.subspan(program_at));
        return true;
    }

    bool read_files_before_version_5() {
        std::vector<std::string_view> directories{""};  // 0: that of the compilation, not written down here
        for (auto name = at_.string(); !name.empty(); name = at_.string()) {
            directories.push_back(name);
        }
        table_.files.push_back({"", ""});  // files count from 1
        for (auto name = at_.string(); !name.empty(); name = at_.string()) {
            const auto directory = at_.unsigned_leb();
            at_.unsigned_leb();  // time of modification
            at_.unsigned_leb();  // bytes
            table_.files.push_back({directory < directories.size() ? directories[directory] : "", name});
        }
        return true;
    }

    struct Entry {
        std::string_view path;
        std::uint64_t directory = 0;
    };

    bool read_files_version_5() {
        std::vector<Entry> directories;
        std::vector<Entry> files;
        if (!read_entries(directories) || !read_entries(files)) {
            return false;
        }
        for (const Entry& file : files) {
            table_.files.push_back(
                {file.directory < directories.size() ? directories[file.directory].path : "", file.path});
        }
        return true;
    }

    // Section 6.2.4.1: how an entry is laid out, then the entries.
    bool read_entries(std::vector<Entry>& entries) {
        struct Field {
            std::uint64_t content, form;
        };
        std::vector<Field> layout(at_.number<std::uint8_t>());
        for (Field& field : layout) {
            field.content = at_.unsigned_leb();
            field.form = at_.unsigned_leb();
        }
        const auto count = at_.unsigned_leb();
        // Every form below takes a byte at least, so that the file bounds the loop.
        if (layout.empty() && count != 0) {
            return false;
        }
        for (std::uint64_t index = 0; index < count; ++index) {
            Entry entry;
            for (const Field& field : layout) {
                if (!read_field(field.content, field.form, entry) || at_.failed()) {
                    return false;
                }
            }
            entries.push_back(entry);
        }
        return true;
    }

    bool read_field(std::uint64_t content, std::uint64_t form, Entry& entry) {
        std::string_view text;
        std::uint64_t value = 0;
        switch (form) {
            case 0x08:  // string
                text = at_.string();
                break;
            case 0x0e:  // strp
                text = string_at(sections_.strings, at_.number<std::uint32_t>()).value_or("");
                break;
            case 0x1f:  // line_strp
                text = string_at(sections_.line_strings, at_.number<std::uint32_t>()).value_or("");
                break;
            case 0x0b:  // data1
                value = at_.number<std::uint8_t>();
                break;
            case 0x05:  // data2
                value = at_.number<std::uint16_t>();
                break;
            case 0x06:  // data4
                value = at_.number<std::uint32_t>();
                break;
            case 0x07:  // data8
                value = at_.number<std::uint64_t>();
                break;
            case 0x0f:  // udata
                value = at_.unsigned_leb();
                break;
            case 0x1e:  // data16
                at_.take(16);
                break;
            case 0x09:  // block
                at_.take(at_.unsigned_leb());
                break;
            default:
                return false;
        }
        constexpr std::uint64_t content_path = 1;
        constexpr std::uint64_t content_directory = 2;
        if (content == content_path) {
            entry.path = text;
        } else if (content == content_directory) {
            entry.directory = value;
        }
        return true;
    }

    void run() {
        begin_sequence();
        while (!at_.at_end()) {
            const auto opcode = at_.number<std::uint8_t>();
            if (opcode >= opcode_base_) {
                special(opcode - opcode_base_);
            } else if (opcode == 0) {
                extended();
            } else {
                standard(opcode);
            }
        }
        table_.rows.resize(sequence_.first_row);  // of a sequence that has no end
    }

    void begin_sequence() {
        address_ = 0;
        file_ = 1;
        line_ = 1;
        sequence_ = {0, 0, table_.rows.size(), 0};
        ordered_ = true;
    }

    void append_row() {
        const std::uint64_t file = first_file_ + file_;
        const bool known = file_ < table_.files.size() - first_file_ && (file_ != 0 || version_ == 5);
        ordered_ =
            ordered_ && (table_.rows.size() == sequence_.first_row || address_ >= table_.rows.back().address);
        table_.rows.push_back({address_, known ? static_cast<std::uint32_t>(file) : no_file, line_});
    }

    void end_sequence() {
        sequence_.rows = table_.rows.size() - sequence_.first_row;
        if (sequence_.rows > 0) {
            sequence_.begin = table_.rows[sequence_.first_row].address;
            sequence_.end = address_;
        }
        if (ordered_ && sequence_.end > sequence_.begin) {
            table_.sequences.push_back(sequence_);
        } else {
            table_.rows.resize(sequence_.first_row);
        }
        begin_sequence();
    }

    void advance(std::uint64_t operations) { address_ += operations * minimum_instruction_length_; }

    void special(unsigned adjusted) {
        advance(adjusted / line_range_);
        line_ += static_cast<std::uint32_t>(line_base_ + static_cast<int>(adjusted % line_range_));
        append_row();
    }

    void standard(std::uint8_t opcode) {
        switch (opcode) {
            case 1:  // copy
                append_row();
                break;
            case 2:  // advance_pc
                advance(at_.unsigned_leb());
                break;
            case 3:  // advance_line
                line_ += static_cast<std::uint32_t>(at_.signed_leb());
                break;
            case 4:  // set_file
                file_ = at_.unsigned_leb();
                break;
            case 8:  // const_add_pc
                advance((255U - opcode_base_) / line_range_);
                break;
            case 9:  // fixed_advance_pc
                address_ += at_.number<std::uint16_t>();
                break;
            default:  // columns, statements, blocks: of no use here
                for (unsigned operand = 0; operand < operands_[opcode]; ++operand) {
                    at_.unsigned_leb();
                }
        }
    }

    void extended() {
        Cursor operands(at_.take(at_.unsigned_leb()));
        switch (operands.number<std::uint8_t>()) {
            case 1:
                end_sequence();
                break;
            case 2:  // set_address
                address_ = operands.number<std::uint64_t>();
                break;
            default:
                break;
        }
    }

    std::span<const std::byte> bytes_;
    Cursor at_;
    const DebugSections& sections_;
    LineTable& table_;
    std::size_t first_file_;

    unsigned version_ = 0;
    unsigned minimum_instruction_length_ = 0;
    int line_base_ = 0;
    unsigned line_range_ = 0;
    unsigned opcode_base_ = 0;
    std::array<std::uint8_t, 256> operands_{};  // number of each standard opcode's

    Address address_ = 0;
    std::uint64_t file_ = 0;
    std::uint32_t line_ = 0;
    LineSequence sequence_;
    bool ordered_ = true;
};

}  // namespace

void read_line_unit(std::span<const std::byte> unit, const DebugSections& sections, LineTable& table) {
    Unit(unit, sections, table).read();
}

}  // namespace partita::chip::program
