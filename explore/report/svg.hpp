#pragma once

// SVG as text, element by element.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace partita::explore::report {

// & < > " replaced, for text and attributes of XML and HTML.
std::string escaped(std::string_view text);

class Svg {
  public:
    Svg(double width, double height) : width_(width), height_(height) {}

    // Attributes as they stand: `stroke="red"`.
    void line(double x1, double y1, double x2, double y2, std::string_view attributes);
    void rectangle(double x, double y, double width, double height, std::string_view attributes,
                   std::string_view title = "");
    void circle(double x, double y, double radius, std::string_view attributes, std::string_view title = "");
    void diamond(double x, double y, double radius, std::string_view attributes, std::string_view title = "");
    // "x,y x,y ..."
    void polyline(std::string_view points, std::string_view attributes);
    void text(double x, double y, std::string_view text, std::string_view attributes = "");

    // The document; `title` and `description` are for those who hear it.
    std::string document(std::string_view title, std::string_view description) const;

  private:
    template <typename... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        body_ += fmt::format(format, std::forward<Values>(values)...);
    }
    void close(std::string_view element, std::string_view title);

    double width_;
    double height_;
    std::string body_;
};

}  // namespace partita::explore::report
