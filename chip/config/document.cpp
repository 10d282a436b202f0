#include "chip/config/document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "chip/base/error.hpp"

namespace partita::chip::config {
namespace {

unsigned line_of(const toml::node& node) {
    return static_cast<unsigned>(node.source().begin.line);
}

std::string shown(const toml::node& node) {
    const auto as_written = [&] {
        std::ostringstream text;
        node.visit([&](const auto& element) { text << element; });
        return text.str();
    };
    switch (node.type()) {
        case toml::node_type::integer:
        case toml::node_type::boolean:
            return as_written();
        case toml::node_type::string:
            return "the text " + as_written();
        case toml::node_type::floating_point:
            return as_written() + " (a floating-point number)";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::table:
            return "a section";
        default:
            return "a date or time";
    }
}

void sort_by_line(std::vector<Name>& names) {
    std::stable_sort(names.begin(), names.end(),
                     [](const Name& a, const Name& b) { return a.line < b.line; });
}

// What a setting's text says: a value of TOML, or else a text.
toml::table value_of(const std::string& text) {
    try {
        toml::table parsed = toml::parse("value = " + text);
        if (parsed.size() == 1) {
            return parsed;
        }
    } catch (const toml::parse_error&) {
        // It is a word like fp32.
    }
    toml::table quoted;
    quoted.insert("value", text);
    return quoted;
}

}  // namespace

struct Document::Setting {
    std::string section;
    std::string key;
    std::string text;  // as it was given
};

struct Document::Tree {
    toml::table root;

    const toml::table* section(std::string_view name) const {
        return name.empty() ? &root : root[name].as_table();
    }
};

Document::Document(std::string_view text, std::string file, std::span<const std::string> settings)
    : file_(std::move(file)) {
    try {
        tree_ = std::make_unique<Tree>(Tree{toml::parse(text)});
    } catch (const toml::parse_error& error) {
        fail(static_cast<unsigned>(error.source().begin.line), error.description());
    }
    for (const std::string& setting : settings) {
        apply(setting);
    }
}

Document::~Document() = default;

void Document::apply(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::size_t dot = text.find('.');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
        fail(0, fmt::format("the setting '{}' is not section.key=value", text));
    }
    const Setting setting{text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text};
    if (find_setting(setting.section, setting.key) != nullptr) {
        fail(0, fmt::format("the setting '{}' is the second of its key", text));
    }
    toml::table* const table = tree_->root[setting.section].as_table();
    if (table == nullptr) {
        std::vector<std::string> names;
        for (const Name& name : sections()) {
            names.push_back(name.name);
        }
        fail(0, fmt::format("the setting '{}' is of an unknown section, expected one of {}", text,
                            fmt::join(names, ", ")));
    }
    table->insert_or_assign(setting.key, std::move(*value_of(text.substr(equals + 1)).get("value")));
    settings_.push_back(setting);
}

const Document::Setting* Document::find_setting(std::string_view section, std::string_view key) const {
    const auto found = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& setting) {
        return setting.section == section && setting.key == key;
    });
    return found == settings_.end() ? nullptr : &*found;
}

void Document::fail(unsigned line, std::string_view what) const {
    std::string at;
    if (line != 0) {
        at = fmt::format(", line {}", line);
    } else {
        for (const Setting& setting : settings_) {
            at += fmt::format("{}{}", at.empty() ? " with " : ", ", setting.text);
        }
    }
    throw ChipError(fmt::format("reading the chip '{}'{}: {}", file_, at, what));
}

void Document::fail(std::string_view section, std::string_view key, std::string_view what) const {
    if (const Setting* given = find_setting(section, key)) {
        throw ChipError(fmt::format("reading the chip '{}' with {}: {}", file_, given->text, what));
    }
    fail(find(section, key).line, what);
}

std::vector<Name> Document::sections() const {
    std::vector<Name> names;
    for (const auto& [key, node] : tree_->root) {
        if (node.is_table()) {
            names.push_back({std::string(key.str()), line_of(node)});
        }
    }
    sort_by_line(names);
    return names;
}

std::vector<Name> Document::keys(std::string_view section) const {
    std::vector<Name> names;
    if (const toml::table* table = tree_->section(section)) {
        for (const auto& [key, node] : *table) {
            if (!section.empty() || !node.is_table()) {
                names.push_back({std::string(key.str()), line_of(node)});
            }
        }
    }
    sort_by_line(names);
    return names;
}

Value Document::find(std::string_view section, std::string_view key) const {
    Value value;
    const toml::table* table = tree_->section(section);
    const toml::node* node = table == nullptr ? nullptr : table->get(key);
    if (node == nullptr) {
        return value;
    }
    value.line = line_of(*node);
    value.shown = shown(*node);
    if (const auto* integer = node->as_integer()) {
        value.kind = Value::Kind::integer;
        value.integer = integer->get();
    } else if (const auto* boolean = node->as_boolean()) {
        value.kind = Value::Kind::boolean;
        value.boolean = boolean->get();
    } else if (const auto* text = node->as_string()) {
        value.kind = Value::Kind::text;
        value.text = text->get();
    } else {
        value.kind = Value::Kind::other;
    }
    return value;
}

}  // namespace partita::chip::config
