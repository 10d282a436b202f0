#include "chip/program/elf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "chip/base/error.hpp"
#include "chip/program/cursor.hpp"

namespace partita::chip::program {
namespace {

static_assert(std::endian::native == std::endian::little, "headers are read as they lie in the file");

constexpr std::size_t header_bytes = 64;
constexpr std::size_t segment_header_bytes = 56;
constexpr std::size_t section_header_bytes = 64;
constexpr std::uint16_t machine_riscv = 243;
constexpr std::uint16_t type_executable = 2;

// The names of the standard, so that this reads beside its tables.
struct Header {
    std::uint16_t type, machine;
    std::uint32_t version;
    std::uint64_t entry, segments_at, sections_at;
    std::uint32_t flags;
    std::uint16_t bytes, segment_bytes, segments, section_bytes, sections, names_section;
};

class Parser {
  public:
    Parser(std::span<const std::byte> file, std::string_view name) : file_(file), name_(name) {}

    Elf parse() {
        check_identity();
        read_header();
        Elf elf{header_.entry, read_segments(), read_sections()};
        check_segments(elf.segments);
        check_entry(elf);
        return elf;
    }

  private:
    template <typename... Arguments>
    [[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
        throw ChipError(fmt::format("loading the program '{}': {}", name_,
                                    fmt::format(format, std::forward<Arguments>(arguments)...)));
    }

    std::uint8_t byte(std::size_t offset) const { return std::to_integer<std::uint8_t>(file_[offset]); }

    void check_identity() const {
        constexpr std::array<std::byte, 4> magic{std::byte{0x7f}, std::byte{'E'}, std::byte{'L'},
                                                 std::byte{'F'}};
        if (file_.size() < magic.size() || !std::equal(magic.begin(), magic.end(), file_.begin())) {
            fail("it is not an ELF file, which begins with 7f 45 4c 46");
        }
        if (file_.size() < header_bytes) {
            fail("it is cut off: {} bytes, less than an ELF64 header's {}", file_.size(), header_bytes);
        }
        if (byte(4) != 2) {
            fail("its ELF class is {}{}, expected 2 (64 bits)", byte(4), byte(4) == 1 ? " (32 bits)" : "");
        }
        if (byte(5) != 1) {
            fail("its byte order is {}{}, expected 1 (little-endian)", byte(5),
                 byte(5) == 2 ? " (big-endian)" : "");
        }
        if (byte(6) != 1) {
            fail("its ELF version is {}, expected 1", byte(6));
        }
    }

    void read_header() {
        Cursor at(file_.subspan(16));
        Header& h = header_;
        h.type = at.number<std::uint16_t>();
        h.machine = at.number<std::uint16_t>();
        h.version = at.number<std::uint32_t>();
        h.entry = at.number<std::uint64_t>();
        h.segments_at = at.number<std::uint64_t>();
        h.sections_at = at.number<std::uint64_t>();
        h.flags = at.number<std::uint32_t>();
        h.bytes = at.number<std::uint16_t>();
        h.segment_bytes = at.number<std::uint16_t>();
        h.segments = at.number<std::uint16_t>();
        h.section_bytes = at.number<std::uint16_t>();
        h.sections = at.number<std::uint16_t>();
        h.names_section = at.number<std::uint16_t>();
        if (h.machine != machine_riscv) {
            fail("it is for ELF machine {}, expected {} (RISC-V)", h.machine, machine_riscv);
        }
        if (h.type != type_executable) {
            constexpr std::array<const char*, 5> names{"none", "an object file", "an executable",
                                                       "a shared object or position-independent",
                                                       "a core dump"};
            fail("its ELF type is {} ({}), expected {} (an executable at fixed addresses)", h.type,
                 h.type < names.size() ? names[h.type] : "unknown", type_executable);
        }
    }

    // The table's bytes, each entry `bytes` long; fails if it is not in the file.
    std::span<const std::byte> table(const char* what, std::uint64_t at, std::size_t count, std::size_t bytes,
                                     std::size_t found_bytes) const {
        if (count == 0) {
            return {};
        }
        if (found_bytes != bytes) {
            fail("its {} headers have {} bytes each, expected {}", what, found_bytes, bytes);
        }
        if (at > file_.size() || count * bytes > file_.size() - at) {
            fail("its {} {} headers begin at byte {} and end beyond the file's {} bytes", count, what, at,
                 file_.size());
        }
        return file_.subspan(at, count * bytes);
    }

    std::vector<Segment> read_segments() const {
        if (header_.segments > most_segments) {
            fail("it has {} segments, expected at most {}", header_.segments, most_segments);
        }
        Cursor at(table("segment", header_.segments_at, header_.segments, segment_header_bytes,
                        header_.segment_bytes));
        std::vector<Segment> segments;
        for (unsigned index = 0; index < header_.segments; ++index) {
            const auto type = at.number<std::uint32_t>();
            const auto flags = at.number<std::uint32_t>();
            const auto offset = at.number<std::uint64_t>();
            at.take(8);  // virtual address: machine mode knows physical ones only
            const auto address = at.number<std::uint64_t>();
            const auto file_bytes = at.number<std::uint64_t>();
            const auto memory_bytes = at.number<std::uint64_t>();
            at.take(8);  // alignment
            constexpr std::uint32_t load = 1;
            constexpr std::uint32_t interpreter = 3;
            if (type == interpreter) {
                fail("it asks for a dynamic linker (segment {}), expected a statically linked program",
                     index);
            }
            if (type != load || memory_bytes == 0) {
                continue;
            }
            if (file_bytes > memory_bytes) {
                fail("segment {} has {} bytes in the file, more than its {} in memory", index, file_bytes,
                     memory_bytes);
            }
            if (offset > file_.size() || file_bytes > file_.size() - offset) {
                fail("segment {} has {} bytes from byte {} of the file on, which has only {}", index,
                     file_bytes, offset, file_.size());
            }
            if (address + memory_bytes < address) {
                fail("segment {} has {} bytes at {:#x}, beyond the last address", index, memory_bytes,
                     address);
            }
            segments.push_back({address, memory_bytes, file_.subspan(offset, file_bytes), (flags & 1) != 0});
        }
        return segments;
    }

    void check_segments(std::vector<Segment>& segments) const {
        if (segments.empty()) {
            fail("it has no segment to load");
        }
        std::sort(segments.begin(), segments.end(),
                  [](const Segment& a, const Segment& b) { return a.address < b.address; });
        for (std::size_t index = 1; index < segments.size(); ++index) {
            const Segment& below = segments[index - 1];
            if (segments[index].address - below.address < below.bytes) {
                fail("two segments overlap: {} bytes at {:#x} and {} bytes at {:#x}", below.bytes,
                     below.address, segments[index].bytes, segments[index].address);
            }
        }
    }

    void check_entry(const Elf& elf) const {
        const bool inside =
            std::any_of(elf.segments.begin(), elf.segments.end(), [&](const Segment& segment) {
                return segment.executable && elf.entry - segment.address < segment.content.size();
            });
        if (!inside) {
            fail("its entry {:#x} lies in no executable segment", elf.entry);
        }
        if (elf.entry % 2 != 0) {
            fail("its entry {:#x} is odd, expected an even address", elf.entry);
        }
    }

    std::vector<Section> read_sections() const {
        if (header_.sections_at == 0) {
            return {};
        }
        Cursor at(table("section", header_.sections_at, header_.sections, section_header_bytes,
                        header_.section_bytes));
        std::vector<Section> sections(header_.sections);
        std::vector<std::uint32_t> names(header_.sections);
        for (unsigned index = 0; index < header_.sections; ++index) {
            Section& section = sections[index];
            names[index] = at.number<std::uint32_t>();
            section.type = at.number<std::uint32_t>();
            const auto flags = at.number<std::uint64_t>();
            section.address = at.number<std::uint64_t>();
            const auto offset = at.number<std::uint64_t>();
            section.bytes = at.number<std::uint64_t>();
            section.link = at.number<std::uint32_t>();
            at.take(4 + 8 + 8);  // info, alignment, bytes of an entry
            constexpr std::uint64_t instructions = 4;
            constexpr std::uint64_t compressed = 0x800;
            section.executable = (flags & instructions) != 0;
            section.readable = section.type != section_no_bits && (flags & compressed) == 0 &&
                               offset <= file_.size() && section.bytes <= file_.size() - offset;
            if (section.readable) {
                section.content = file_.subspan(offset, section.bytes);
            }
        }
        if (header_.names_section < sections.size()) {
            for (unsigned index = 0; index < header_.sections; ++index) {
                sections[index].name = string_at(sections[header_.names_section].content, names[index])
                                           .value_or(std::string_view{});
            }
        }
        return sections;
    }

    std::span<const std::byte> file_;
    std::string_view name_;
    Header header_{};
};

}  // namespace

Elf parse_elf(std::span<const std::byte> file, std::string_view name) {
    return Parser(file, name).parse();
}

}  // namespace partita::chip::program
