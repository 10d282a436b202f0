#include "safetensors_header.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "text.hpp"

namespace partita::data {
namespace {

/// Builds the header while the JSON is being read. A tree of values would be simpler, but silently keeps one
/// of two equal keys, and turns whole numbers beyond 64 bits into floating ones.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit HeaderReader(std::string_view file) : file_(file) {}

    Header take() { return std::move(header_); }

    bool start_object(std::size_t /*elements*/) override {
        if (place_ == Place::outside) {
            place_ = Place::header;
        } else if (place_ == Place::header && key_ == "__metadata__") {
            place_ = Place::metadata;
        } else if (place_ == Place::header) {
            place_ = Place::tensor;
            seen_ = {};
            header_.entries.push_back({});
            header_.entries.back().name = key_;
        } else {
            mistyped("an object");
        }
        return true;
    }

    bool end_object() override {
        if (place_ == Place::tensor) {
            for (std::size_t index = 0; index < seen_.size(); ++index) {
                if (!seen_[index]) {
                    fail("{} has no '{}'", tensor_text(), tensor_keys[index]);
                }
            }
        }
        place_ = place_ == Place::header ? Place::outside : Place::header;
        return true;
    }

    bool key(std::string& name) override {
        switch (place_) {
            case Place::header:
                if (!names_.insert(name).second) {
                    fail("{}: the name {} appears twice in the header", text(), in_quotes(name));
                }
                key_ = name;
                break;
            case Place::metadata:
                if (!header_.metadata.emplace(name, "").second) {
                    fail("{}: __metadata__ has the key {} twice", text(), in_quotes(name));
                }
                metadata_key_ = name;
                break;
            default:
                begin_tensor_key(name);
        }
        return true;
    }

    bool start_array(std::size_t /*elements*/) override {
        if (place_ == Place::tensor && tensor_key_ == 1) {
            place_ = Place::shape;
        } else if (place_ == Place::tensor && tensor_key_ == 2) {
            place_ = Place::offsets;
            offsets_found_ = 0;
        } else {
            mistyped("an array");
        }
        return true;
    }

    bool end_array() override {
        if (place_ == Place::offsets && offsets_found_ != 2) {
            fail("{}: 'data_offsets' has {} numbers, expected 2", tensor_text(), offsets_found_);
        }
        place_ = Place::tensor;
        return true;
    }

    bool string(std::string& value) override {
        if (place_ == Place::metadata) {
            header_.metadata[metadata_key_] = value;
        } else if (place_ == Place::tensor && tensor_key_ == 0) {
            const auto dtype = dtype_named(value);
            if (!dtype) {
                fail(
                    "{}: dtype {} is not known, expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U64, "
                    "U32, "
                    "U16, U8, BOOL",
                    tensor_text(), in_quotes(value));
            }
            header_.entries.back().dtype = *dtype;
        } else {
            mistyped("the string " + in_quotes(value));
        }
        return true;
    }

    bool number_unsigned(std::uint64_t value) override {
        if (place_ == Place::shape) {
            header_.entries.back().shape.push_back(value);
        } else if (place_ == Place::offsets) {
            HeaderEntry& entry = header_.entries.back();
            if (offsets_found_ < 2) {
                (offsets_found_ == 0 ? entry.begin : entry.end) = value;
            }
            ++offsets_found_;
        } else {
            mistyped(fmt::format("the number {}", value));
        }
        return true;
    }

    bool number_integer(std::int64_t value) override {
        mistyped(value < 0 ? fmt::format("the negative number {}", value) : "the number -0");
        return true;
    }
    bool number_float(double /*value*/, const std::string& digits) override {
        mistyped(fmt::format("the number {} (not a whole number of 64 bits)", digits.substr(0, 40)));
        return true;
    }
    bool null() override {
        mistyped("null");
        return true;
    }
    bool boolean(bool value) override {
        mistyped(value ? "true" : "false");
        return true;
    }
    bool binary(nlohmann::json::binary_t& /*value*/) override {
        mistyped("binary data");
        return true;
    }
    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::json::exception& /*error*/) override {
        fail("{}: the header is not valid JSON at its byte {}, near {}", text(), position, in_quotes(token));
    }

  private:
    enum class Place { outside, header, metadata, tensor, shape, offsets };
    static constexpr std::array<std::string_view, 3> tensor_keys{"dtype", "shape", "data_offsets"};

    std::string text() const { return fmt::format("reading safetensors file '{}'", file_); }
    std::string tensor_text() const {
        return fmt::format("{}: tensor {}", text(), in_quotes(header_.entries.back().name));
    }

    void begin_tensor_key(const std::string& name) {
        for (std::size_t index = 0; index < tensor_keys.size(); ++index) {
            if (name == tensor_keys[index]) {
                if (seen_[index]) {
                    fail("{} has the key '{}' twice", tensor_text(), name);
                }
                seen_[index] = true;
                tensor_key_ = index;
                return;
            }
        }
        fail("{} has the unknown key {}, expected dtype, shape, data_offsets", tensor_text(),
             in_quotes(name));
    }

    [[noreturn]] void mistyped(const std::string& found) const {
        constexpr std::array<std::string_view, 3> expected{"a string", "an array of whole numbers",
                                                           "an array of two whole numbers"};
        switch (place_) {
            case Place::outside:
                fail("{}: the header is {}, expected a JSON object", text(), found);
            case Place::header:
                if (key_ == "__metadata__") {
                    fail("{}: __metadata__ is {}, expected an object of strings", text(), found);
                }
                fail("{}: tensor {} is {}, expected an object with dtype, shape, data_offsets", text(),
                     in_quotes(key_), found);
            case Place::metadata:
                fail("{}: __metadata__ key {} is {}, expected a string", text(), in_quotes(metadata_key_),
                     found);
            case Place::tensor:
                fail("{}: '{}' is {}, expected {}", tensor_text(), tensor_keys[tensor_key_], found,
                     expected[tensor_key_]);
            case Place::shape:
                fail("{}: 'shape' holds {}, expected whole numbers", tensor_text(), found);
            case Place::offsets:
                fail("{}: 'data_offsets' holds {}, expected whole numbers", tensor_text(), found);
        }
        fail("{}: unexpected {}", text(), found);
    }

    std::string_view file_;
    Header header_;
    Place place_ = Place::outside;
    std::string key_;
    std::string metadata_key_;
    std::unordered_set<std::string> names_;
    std::size_t tensor_key_ = 0;
    std::array<bool, 3> seen_{};
    std::size_t offsets_found_ = 0;
};

}  // namespace

Header parse_safetensors_header(std::string_view json, std::string_view name) {
    HeaderReader reader(name);
    nlohmann::json::sax_parse(json, &reader);
    return reader.take();
}

}  // namespace partita::data
