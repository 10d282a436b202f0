#pragma once

// A chip file as TOML sees it: sections of keys with values, each with its line.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace partita::chip::config {

struct Value {
    enum class Kind : std::uint8_t { absent, integer, boolean, text, other };
    Kind kind = Kind::absent;
    std::int64_t integer = 0;
    bool boolean = false;
    std::string text;
    std::string
        shown;  // for a sentence: "-4", "the text \"four\"", "nan (a floating-point number)", "an array"
    unsigned line = 0;
};

struct Name {
    std::string name;
    unsigned line = 0;
};

class Document {
  public:
    // `file` is what errors call it. Throws ChipError with the line if the text is not TOML or not in UTF-8.
    // `settings` are "section.key=value", the value as in TOML (a text may do without quotation marks), and
    // stand for what the file says; throws ChipError if one is not, names no section of the file or a key for
    // the second time.
    Document(std::string_view text, std::string file, std::span<const std::string> settings = {});
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    const std::string& file() const { return file_; }
    // The tables at the top, in the order of their lines.
    std::vector<Name> sections() const;
    // Of a section, or with "" those at the top that are no sections; in the order of their lines.
    std::vector<Name> keys(std::string_view section) const;
    Value find(std::string_view section, std::string_view key) const;

    // Throws ChipError: "reading the chip 'FILE', line N: WHAT". Line 0: "reading the chip 'FILE': WHAT",
    // with all settings.
    [[noreturn]] void fail(unsigned line, std::string_view what) const;
    // The same with the line, or the setting, that gives the key.
    [[noreturn]] void fail(std::string_view section, std::string_view key, std::string_view what) const;

  private:
    struct Tree;
    struct Setting;
    void apply(const std::string& setting);
    const Setting* find_setting(std::string_view section, std::string_view key) const;

    std::string file_;
    std::vector<Setting> settings_;
    std::unique_ptr<Tree> tree_;
};

}  // namespace partita::chip::config
