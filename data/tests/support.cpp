#include "support.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "partita/data/error.hpp"

namespace partita::data::test {

std::string sentence_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const DataError& error) {
        return error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "expected a DataError, found: " << error.what();
        return "";
    }
    ADD_FAILURE() << "expected a DataError, nothing was thrown";
    return "";
}

testing::AssertionResult says(const std::string& sentence, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
        if (sentence.find(part) == std::string::npos) {
            return testing::AssertionFailure() << "\"" << part << "\" is not in: " << sentence;
        }
    }
    return testing::AssertionSuccess();
}

Bytes safetensors_bytes(std::string_view header, std::size_t data_size) {
    Bytes content(8 + header.size() + data_size);
    const std::uint64_t length = header.size();
    std::memcpy(content.data(), &length, 8);
    std::memcpy(content.data() + 8, header.data(), header.size());
    for (std::size_t index = 0; index < data_size; ++index) {
        content[8 + header.size() + index] = static_cast<std::byte>(index);
    }
    return content;
}

Bytes idx_bytes(const std::vector<std::uint32_t>& header, std::size_t payload) {
    Bytes content;
    for (const std::uint32_t number : header) {
        for (const int shift : {24, 16, 8, 0}) {
            content.push_back(static_cast<std::byte>(number >> shift));
        }
    }
    for (std::size_t index = 0; index < payload; ++index) {
        content.push_back(static_cast<std::byte>(index));
    }
    return content;
}

Bytes gzip(std::span<const std::byte> content) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
              Z_OK);
    Bytes compressed(deflateBound(&stream, content.size()));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    compressed.resize(stream.total_out);
    deflateEnd(&stream);
    return compressed;
}

std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Bytes bytes_of_file(const std::filesystem::path& path) {
    const std::string text = text_of_file(path);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::uint64_t checksum(std::span<const std::byte> content) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const std::byte value : content) {
        hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3ULL;
    }
    return hash;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "partita-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary directory");
    }
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::size_t TemporaryDirectory::entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
}

}  // namespace partita::data::test
