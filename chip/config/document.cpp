#include "chip/config/document.hpp"

#include <fmt/format.h>
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

}  // namespace

struct Document::Tree {
    toml::table root;

    const toml::table* section(std::string_view name) const {
        return name.empty() ? &root : root[name].as_table();
    }
};

Document::Document(std::string_view text, std::string file) : file_(std::move(file)) {
    try {
        tree_ = std::make_unique<Tree>(Tree{toml::parse(text)});
    } catch (const toml::parse_error& error) {
        fail(static_cast<unsigned>(error.source().begin.line), error.description());
    }
}

Document::~Document() = default;

void Document::fail(unsigned line, std::string_view what) const {
    const std::string at = line == 0 ? std::string() : fmt::format(", line {}", line);
    throw ChipError(fmt::format("reading the chip '{}'{}: {}", file_, at, what));
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
