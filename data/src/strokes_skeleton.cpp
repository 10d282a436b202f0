#include "strokes_skeleton.hpp"

#include <array>

#include "partita/data/strokes.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

using Points = std::span<const SkeletonPoint>;
constexpr auto corner = Passage::corner;
constexpr auto loop = Passage::loop;

constexpr SkeletonPoint zero_oval[] = {{.50, .00}, {.27, .12}, {.17, .40}, {.19, .70}, {.34, .94},
                                       {.54, 1.0}, {.74, .88}, {.83, .60}, {.81, .30}, {.70, .08}};
constexpr SkeletonPoint zero_open[] = {{.66, .08}, {.46, .00}, {.25, .16}, {.16, .46}, {.21, .80}, {.44, 1.0},
                                       {.70, .92}, {.83, .62}, {.80, .26}, {.62, .04}, {.44, .10}};

constexpr SkeletonPoint one_stem[] = {{.50, .00}, {.50, .50}, {.50, 1.0}};
constexpr SkeletonPoint one_flagged[] = {{.33, .24}, {.43, .14}, {.52, .00, corner}, {.52, .50}, {.52, 1.0}};
constexpr SkeletonPoint one_foot[] = {{.24, 1.0}, {.52, 1.0}, {.80, .99}};

constexpr SkeletonPoint two_angular[] = {{.20, .24}, {.30, .07}, {.50, .00},         {.71, .08}, {.78, .27},
                                         {.66, .52}, {.43, .77}, {.17, 1.0, corner}, {.50, .99}, {.86, .98}};
constexpr SkeletonPoint two_looped[] = {
    {.18, .22},       {.33, .05}, {.54, .00},       {.73, .11},       {.75, .32},
    {.60, .58},       {.36, .86}, {.20, .98, loop}, {.09, .90, loop}, {.18, .79, loop},
    {.38, .86, loop}, {.62, .98}, {.90, .93}};

constexpr SkeletonPoint three_round[] = {{.20, .14}, {.36, .02},         {.56, .00}, {.74, .11}, {.73, .31},
                                         {.60, .43}, {.40, .48, corner}, {.63, .52}, {.80, .68}, {.77, .88},
                                         {.58, .99}, {.35, .99},         {.16, .86}};
constexpr SkeletonPoint three_flat[] = {{.18, .02},         {.48, .02}, {.77, .02, corner}, {.60, .23},
                                        {.43, .42, corner}, {.66, .46}, {.81, .63},         {.79, .84},
                                        {.60, .99},         {.36, .99}, {.16, .88}};

constexpr SkeletonPoint four_open_angle[] = {
    {.26, .00}, {.21, .30}, {.14, .58, corner}, {.50, .57}, {.90, .54}};
constexpr SkeletonPoint four_open_stem[] = {{.70, .06}, {.67, .52}, {.63, 1.0}};
constexpr SkeletonPoint four_closed_angle[] = {
    {.66, .00}, {.40, .31}, {.12, .64, corner}, {.50, .65}, {.92, .64}};
constexpr SkeletonPoint four_closed_stem[] = {{.66, .00}, {.66, .50}, {.66, 1.0}};

constexpr SkeletonPoint five_belly[] = {{.28, .00}, {.24, .22}, {.21, .44, corner}, {.42, .37}, {.65, .41},
                                        {.80, .60}, {.76, .84}, {.57, .98},         {.34, 1.0}, {.14, .88}};
constexpr SkeletonPoint five_hat[] = {{.28, .00}, {.55, .01}, {.84, .00}};
constexpr SkeletonPoint five_single[] = {{.84, .03}, {.58, .01}, {.34, .03, corner}, {.29, .22},
                                         {.27, .40}, {.46, .38}, {.66, .44},         {.78, .62},
                                         {.73, .85}, {.53, .99}, {.30, .99},         {.13, .88}};

constexpr SkeletonPoint six_curved[] = {{.72, .02},       {.49, .13},       {.29, .36},
                                        {.18, .64, loop}, {.23, .88, loop}, {.45, 1.0, loop},
                                        {.69, .93, loop}, {.79, .74, loop}, {.68, .57, loop},
                                        {.46, .54, loop}, {.27, .65, loop}, {.20, .76, loop}};
constexpr SkeletonPoint six_straight[] = {{.52, .00},       {.38, .25},       {.27, .50},
                                          {.23, .74, loop}, {.33, .94, loop}, {.53, 1.0, loop},
                                          {.70, .91, loop}, {.74, .73, loop}, {.61, .59, loop},
                                          {.42, .63, loop}, {.27, .79, loop}};

constexpr SkeletonPoint seven_plain[] = {{.14, .04}, {.50, .04}, {.84, .02, corner},
                                         {.63, .38}, {.47, .70}, {.39, 1.0}};
constexpr SkeletonPoint seven_bar[] = {{.28, .52}, {.53, .50}, {.80, .48}};
constexpr SkeletonPoint seven_serif[] = {{.15, .20, corner}, {.16, .03, corner}, {.50, .04},
                                         {.84, .02, corner}, {.63, .38},         {.47, .70},
                                         {.39, 1.0}};

constexpr SkeletonPoint eight_crossed[] = {
    {.51, .00, loop}, {.31, .07, loop}, {.25, .25, loop}, {.50, .46}, {.75, .67, loop}, {.75, .88, loop},
    {.51, 1.0, loop}, {.26, .88, loop}, {.25, .67, loop}, {.50, .46}, {.76, .25, loop}, {.71, .07, loop}};
constexpr SkeletonPoint eight_top[] = {{.50, .00}, {.32, .07}, {.27, .23}, {.34, .39},
                                       {.50, .45}, {.67, .39}, {.74, .23}, {.68, .07}};
constexpr SkeletonPoint eight_bottom[] = {{.50, .45, loop}, {.29, .53, loop}, {.20, .73, loop},
                                          {.29, .92, loop}, {.50, 1.0, loop}, {.72, .92, loop},
                                          {.80, .73, loop}, {.72, .53, loop}};

constexpr SkeletonPoint nine_straight[] = {
    {.76, .20, loop}, {.62, .03, loop}, {.40, .02, loop},   {.22, .17, loop}, {.24, .38, loop},
    {.42, .50, loop}, {.63, .42, loop}, {.76, .20, corner}, {.75, .58},       {.72, 1.0}};
constexpr SkeletonPoint nine_curved[] = {{.77, .18, loop}, {.60, .02, loop},   {.38, .03, loop},
                                         {.22, .19, loop}, {.26, .39, loop},   {.45, .49, loop},
                                         {.66, .40, loop}, {.78, .20, corner}, {.80, .52},
                                         {.71, .82},       {.51, .99},         {.26, .93}};

constexpr SkeletonStroke zero_0[] = {{zero_oval, true}};
constexpr SkeletonStroke zero_1[] = {{zero_open}};
constexpr SkeletonStroke one_0[] = {{one_stem}};
constexpr SkeletonStroke one_1[] = {{one_flagged}};
constexpr SkeletonStroke one_2[] = {{one_flagged}, {one_foot}};
constexpr SkeletonStroke two_0[] = {{two_angular}};
constexpr SkeletonStroke two_1[] = {{two_looped}};
constexpr SkeletonStroke three_0[] = {{three_round}};
constexpr SkeletonStroke three_1[] = {{three_flat}};
constexpr SkeletonStroke four_0[] = {{four_open_angle}, {four_open_stem}};
constexpr SkeletonStroke four_1[] = {{four_closed_angle}, {four_closed_stem}};
constexpr SkeletonStroke five_0[] = {{five_belly}, {five_hat}};
constexpr SkeletonStroke five_1[] = {{five_single}};
constexpr SkeletonStroke six_0[] = {{six_curved}};
constexpr SkeletonStroke six_1[] = {{six_straight}};
constexpr SkeletonStroke seven_0[] = {{seven_plain}};
constexpr SkeletonStroke seven_1[] = {{seven_plain}, {seven_bar}};
constexpr SkeletonStroke seven_2[] = {{seven_serif}};
constexpr SkeletonStroke eight_0[] = {{eight_crossed, true}};
constexpr SkeletonStroke eight_1[] = {{eight_top, true}, {eight_bottom, true}};
constexpr SkeletonStroke nine_0[] = {{nine_straight}};
constexpr SkeletonStroke nine_1[] = {{nine_curved}};

using Strokes = std::span<const SkeletonStroke>;
constexpr Strokes zero_forms[] = {zero_0, zero_1};
constexpr Strokes one_forms[] = {one_0, one_1, one_2};
constexpr Strokes two_forms[] = {two_0, two_1};
constexpr Strokes three_forms[] = {three_0, three_1};
constexpr Strokes four_forms[] = {four_0, four_1};
constexpr Strokes five_forms[] = {five_0, five_1};
constexpr Strokes six_forms[] = {six_0, six_1};
constexpr Strokes seven_forms[] = {seven_0, seven_1, seven_2};
constexpr Strokes eight_forms[] = {eight_0, eight_1};
constexpr Strokes nine_forms[] = {nine_0, nine_1};

constexpr std::array<std::span<const Strokes>, strokes_classes> all_forms{
    zero_forms, one_forms, two_forms,   three_forms, four_forms,
    five_forms, six_forms, seven_forms, eight_forms, nine_forms};

}  // namespace

std::size_t forms_of(std::size_t digit) {
    if (digit >= strokes_classes) {
        fail("looking up the forms of a digit: {} is no digit, expected 0 to 9", digit);
    }
    return all_forms[digit].size();
}

std::span<const SkeletonStroke> skeleton_of(std::size_t digit, std::size_t form) {
    if (form >= forms_of(digit)) {
        fail("drawing the digit {}: there is no form {}, only {}", digit, form, forms_of(digit));
    }
    return all_forms[digit][form];
}

}  // namespace partita::data
