// Adds a number to an exact product and rounds once, to nearest even. Numbers are taken apart as by float_decode.
//
// The sum is made in a frame of FRAME bits. The product has a fixed place in it, two bits above the lowest. The addend z
// is shifted right from the top of the frame; at the top it lies so far above the product that the product cannot do more
// than to say that the sum is a little more or less than z. p_exponent is the exponent of a number whose leading one is the
// frame's highest bit (float_pkg::product_offset). Subnormal operands need nothing special: the two bits below a product
// are enough to round a difference whose leading one is the product's bit SIG - 1, the lowest it can be where the addend
// loses bits; and normalisation stops where the exponent has come down to 1.
//
// A difference is made without the carry that two's complement asks for. If it turns out negative its complement is the
// exact magnitude; if positive, it is one too small in the frame's lowest place (`increment`). That one is not added: it
// counts as ones without end behind the lowest bit, which shift in from the right and take part in rounding.
//
// Latency: STAGES cycles, free running. Registers are placed, in this order: after rounding; after the addition; after
// normalisation; before the addition. 0: combinational; at most 4.
module fma_sum #(
  parameter int unsigned EXP     = 8,
  parameter int unsigned SIG     = 8,
  parameter int unsigned PRODUCT = 2 * SIG,  // bits of the product
  parameter int unsigned STAGES  = 1
) (
  input logic clock,

  input logic                      p_sign,
  input logic        [        1:0] p_kind,
  input logic signed [    EXP+1:0] p_exponent,
  input logic        [PRODUCT-1:0] p_significand,

  input logic           z_sign,
  input logic [    1:0] z_kind,         // zero may come as finite
  input logic [EXP-1:0] z_exponent,
  input logic [SIG-1:0] z_significand,

  output logic           sign,
  output logic [    1:0] kind,        // zero goes as finite
  output logic [EXP-1:0] exponent,
  output logic [SIG-1:0] significand
);

  localparam int unsigned FRAME = PRODUCT + SIG + 4;
  localparam int unsigned SHIFT = $clog2(FRAME + 1);  // bits of a distance in the frame
  localparam int unsigned ROOM = (1 << SHIFT) - 1 - (FRAME - SIG);  // bits below it that a shift reaches

  if (STAGES > 4) begin : g_illegal
    $error("fma_sum has at most 4 stages");
  end

  // ---- Align the addend.

  logic signed [EXP+1:0] distance;
  logic above, beyond;
  logic [SHIFT-1:0] amount;
  logic [FRAME+ROOM-1:0] aligned;
  logic [FRAME-1:0] addend;
  logic subtract, sticky, special_sign;
  logic [1:0] special;  // INFINITE, NAN, or FINITE for all else
  logic [EXP:0] top;  // exponent of the frame's highest bit

  assign distance = p_exponent - $signed({2'b0, z_exponent});
  assign above = distance[EXP+1] | (p_kind == float_pkg::ZERO);
  assign beyond = distance[EXP:SHIFT] != 0;
  assign amount = above ? '0 : distance[SHIFT-1:0] | {SHIFT{beyond}};
  assign aligned = {z_significand, {(FRAME + ROOM - SIG) {1'b0}}} >> amount;
  assign sticky = aligned[ROOM-1:0] != 0;
  assign subtract = p_sign ^ z_sign;
  assign addend = aligned[FRAME+ROOM-1:ROOM] ^ {FRAME{subtract}};
  assign top = above ? {1'b0, z_exponent} : p_exponent[EXP:0];
  assign special[1] = p_kind[1] | z_kind[1];
  assign special[0] = p_kind == float_pkg::NAN || z_kind == float_pkg::NAN || (p_kind[1] && z_kind[1] && subtract);
  assign special_sign = p_kind[1] ? p_sign : z_sign;

  logic [FRAME-1:0] addend_1;
  logic [PRODUCT-1:0] product_1;
  logic [EXP:0] top_1;
  logic p_sign_1, subtract_1, sticky_1, special_sign_1;
  logic [1:0] special_1;

  delay #(
    .WIDTH (FRAME + PRODUCT + EXP + 1 + 6),
    .STAGES(STAGES > 3 ? 1 : 0)
  ) u_aligned (
    .clock,
    .in ({addend, p_significand, top, p_sign, subtract, sticky, special, special_sign}),
    .out({addend_1, product_1, top_1, p_sign_1, subtract_1, sticky_1, special_1, special_sign_1})
  );

  // ---- Add.

  logic [FRAME-1:0] sum;
  logic carry, negative, increment, sum_sign;

  assign {carry, sum} = {1'b0, {(SIG + 2) {1'b0}}, product_1, 2'b0} + {1'b0, addend_1};
  assign negative = subtract_1 & ~carry;
  assign increment = subtract_1 & carry & ~sticky_1;
  assign sum_sign = special_1[1] ? special_sign_1 : p_sign_1 ^ negative;

  logic [FRAME-1:0] sum_2;
  logic [EXP:0] top_2;
  logic sign_2, subtract_2, negative_2, increment_2, sticky_2;
  logic [1:0] special_2;

  delay #(
    .WIDTH (FRAME + EXP + 1 + 7),
    .STAGES(STAGES > 1 ? 1 : 0)
  ) u_added (
    .clock,
    .in ({sum, top_1, sum_sign, subtract_1, negative, increment, sticky_1, special_1}),
    .out({sum_2, top_2, sign_2, subtract_2, negative_2, increment_2, sticky_2, special_2})
  );

  // ---- Normalise: by halves, as long as the upper bits are zero and the exponent stays above zero.

  logic [EXP:0] top_less_one;
  logic [SHIFT-1:0] shift;
  logic [FRAME-1:0] normal;
  logic room;  // the exponent allows for all that this level and later ones may shift

  assign top_less_one = top_2 - 1'b1;

  always_comb begin
    normal = sum_2 ^ {FRAME{negative_2}};
    room = top_less_one[EXP:SHIFT] != 0;
    for (int level = SHIFT - 1; level >= 0; level--) begin
      shift[level] = normal >> (FRAME - (1 << level)) == 0 && (room || top_less_one[level]);
      room = room | (top_less_one[level] & ~shift[level]);
      if (shift[level]) begin
        normal = (normal << (1 << level)) | ({FRAME{increment_2}} >> (FRAME - (1 << level)));
      end
    end
  end

  logic [EXP:0] normal_exponent;
  logic [SIG-1:0] kept;
  logic guard, rest, round_up, zero, normal_sign;

  assign normal_exponent = top_2 - {{(EXP + 1 - SHIFT) {1'b0}}, shift};
  assign kept = normal[FRAME-1-:SIG];
  assign guard = normal[FRAME-1-SIG];
  // What lies below the guard bit: for a plain sum, whether it is not zero; with the increment to come, whether it is not
  // all ones.
  assign rest = (normal[FRAME-2-SIG:0] ^ {(FRAME - 1 - SIG) {increment_2}}) != 0 || sticky_2;
  assign round_up = increment_2 ? guard | (~rest & kept[0]) : guard & (rest | kept[0]);
  assign zero = kept == 0 && !guard && !rest && !increment_2;
  assign normal_sign = sign_2 & ~(zero & subtract_2 & ~special_2[1]);

  logic [EXP:0] exponent_3;
  logic [SIG-1:0] kept_3;
  logic round_up_3, sign_3;
  logic [1:0] special_3;

  delay #(
    .WIDTH (EXP + 1 + SIG + 4),
    .STAGES(STAGES > 2 ? 1 : 0)
  ) u_normalised (
    .clock,
    .in ({normal_exponent, kept, round_up, normal_sign, special_2}),
    .out({exponent_3, kept_3, round_up_3, sign_3, special_3})
  );

  // ---- Round. A significand of all ones becomes one with the next exponent.

  logic [SIG:0] rounded;
  logic [EXP:0] rounded_exponent;
  logic [SIG-1:0] result_significand;
  logic [EXP-1:0] result_exponent;
  logic [1:0] result_kind;

  assign rounded = {1'b0, kept_3} + {{SIG{1'b0}}, round_up_3};
  assign rounded_exponent = exponent_3 + {{EXP{1'b0}}, rounded[SIG]};
  assign result_significand = {rounded[SIG] | rounded[SIG-1], rounded[SIG-2:0]};
  assign result_exponent = kept_3[SIG-1] ? rounded_exponent[EXP-1:0] : {{(EXP - 1) {1'b0}}, 1'b1};
  assign result_kind = {
    special_3[1] | rounded_exponent[EXP] | (rounded_exponent[EXP-1:0] == '1), special_3[0]
  };

  delay #(
    .WIDTH (1 + EXP + SIG + 2),
    .STAGES(STAGES > 0 ? 1 : 0)
  ) u_rounded (
    .clock,
    .in ({sign_3, result_kind, result_exponent, result_significand}),
    .out({sign, kind, exponent, significand})
  );

endmodule
