#include "explore/report/svg.hpp"

namespace partita::explore::report {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += c;
        }
    }
    return result;
}

void Svg::close(std::string_view element, std::string_view title) {
    if (title.empty()) {
        body_ += "/>\n";
    } else {
        body_ += fmt::format("><title>{}</title></{}>\n", escaped(title), element);
    }
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view attributes) {
    add("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2, attributes);
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view attributes,
                    std::string_view title) {
    add("<rect x=\"{:.1f}\" y=\"{:.2f}\" width=\"{:.1f}\" height=\"{:.2f}\" {}", x, y, width, height,
        attributes);
    close("rect", title);
}

void Svg::circle(double x, double y, double radius, std::string_view attributes, std::string_view title) {
    add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" {}", x, y, radius, attributes);
    close("circle", title);
}

void Svg::diamond(double x, double y, double radius, std::string_view attributes, std::string_view title) {
    add("<path d=\"M{0:.1f},{1:.1f}l{2:.1f},{2:.1f}l-{2:.1f},{2:.1f}l-{2:.1f},-{2:.1f}z\" {3}", x, y - radius,
        radius, attributes);
    close("path", title);
}

void Svg::polyline(std::string_view points, std::string_view attributes) {
    add("<polyline points=\"{}\" fill=\"none\" {}/>\n", points, attributes);
}

void Svg::text(double x, double y, std::string_view text, std::string_view attributes) {
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, attributes, escaped(text));
}

std::string Svg::document(std::string_view title, std::string_view description) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\" "
        "fill=\"#1d2429\">\n<title>{2}</title>\n<desc>{3}</desc>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{4}</svg>\n",
        width_, height_, escaped(title), escaped(description), body_);
}

}  // namespace partita::explore::report
