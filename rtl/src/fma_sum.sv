// Adds a number to an exact product and rounds once, to nearest even. Numbers are taken apart (float_decode.sv), with
// exponents counted from the least one: what a normal number has in its field, less one.
//
// The sum is made in a frame of FRAME bits. The product has a fixed place in it, two bits above the lowest; the addend
// comes to where it belongs (fma_align.sv). p_exponent is the exponent of a number whose leading one is the frame's highest
// bit (float_pkg::product_offset). Subnormal operands need nothing special: the two bits below a product are enough to
// round a difference whose leading one is the product's bit SIG - 1, the lowest it can be where the addend loses
// bits; and normalisation stops at the least exponent.
//
// A difference is made without the carry that two's complement asks for. If it turns out negative its complement is the
// exact magnitude; if positive, it is one too small in the frame's lowest place, unless the addend has lost bits
// below that. This one is not added here: fma_normalize takes it into account.
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
  input logic        [        1:0] p_kind,         // of float_pkg
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

  if (STAGES > 4) begin : g_illegal
    $error("fma_sum has at most 4 stages");
  end

  logic [FRAME-1:0] addend, addend_1;
  logic [PRODUCT-1:0] product_1;
  logic [EXP:0] top, top_1;
  logic subtract, sticky, special_sign, p_sign_1, subtract_1, sticky_1, special_sign_1;
  logic [1:0] special, special_1;

  fma_align #(
    .EXP  (EXP),
    .SIG  (SIG),
    .FRAME(FRAME)
  ) u_align (
    .p_sign, .p_kind, .p_exponent, .z_sign, .z_kind, .z_exponent, .z_significand,
    .addend, .subtract, .sticky, .top, .special, .special_sign
  );

  delay #(
    .WIDTH (FRAME + PRODUCT + EXP + 1 + 6),
    .STAGES(STAGES > 3 ? 1 : 0)
  ) u_aligned (
    .clock,
    .in ({addend, p_significand, top, p_sign, subtract, sticky, special, special_sign}),
    .out({addend_1, product_1, top_1, p_sign_1, subtract_1, sticky_1, special_1, special_sign_1})
  );

  logic [FRAME-1:0] sum, sum_2;
  logic carry, negative, increment, sum_sign, sign_2, subtract_2, negative_2, increment_2, sticky_2;
  logic [EXP:0] top_2;
  logic [1:0] special_2;

  assign {carry, sum} = {1'b0, {(SIG + 2) {1'b0}}, product_1, 2'b0} + {1'b0, addend_1};
  assign negative = subtract_1 & ~carry;
  assign increment = subtract_1 & carry & ~sticky_1;
  assign sum_sign = special_1[1] ? special_sign_1 : p_sign_1 ^ negative;

  delay #(
    .WIDTH (FRAME + EXP + 1 + 7),
    .STAGES(STAGES > 1 ? 1 : 0)
  ) u_added (
    .clock,
    .in ({sum, top_1, sum_sign, subtract_1, negative, increment, sticky_1, special_1}),
    .out({sum_2, top_2, sign_2, subtract_2, negative_2, increment_2, sticky_2, special_2})
  );

  logic [EXP:0] normal_exponent, exponent_3;
  logic [SIG-1:0] kept, kept_3;
  logic round_up, zero, normal_sign, round_up_3, sign_3;
  logic [1:0] special_3;

  fma_normalize #(
    .EXP  (EXP),
    .SIG  (SIG),
    .FRAME(FRAME)
  ) u_normalize (
    .sum(sum_2), .negative(negative_2), .increment(increment_2), .sticky(sticky_2), .top(top_2),
    .exponent(normal_exponent), .kept, .round_up, .zero
  );

  // The difference of equal numbers is +0.
  assign normal_sign = sign_2 & ~(zero & subtract_2 & ~special_2[1]);

  delay #(
    .WIDTH (EXP + 1 + SIG + 4),
    .STAGES(STAGES > 2 ? 1 : 0)
  ) u_normalized (
    .clock,
    .in ({normal_exponent, kept, round_up, normal_sign, special_2}),
    .out({exponent_3, kept_3, round_up_3, sign_3, special_3})
  );

  logic [1:0] result_kind;
  logic [EXP-1:0] result_exponent;
  logic [SIG-1:0] result_significand;

  fma_round #(EXP, SIG) u_round (
    .special(special_3), .exponent(exponent_3), .kept(kept_3), .round_up(round_up_3),
    .kind(result_kind), .result_exponent, .significand(result_significand)
  );

  delay #(
    .WIDTH (1 + EXP + SIG + 2),
    .STAGES(STAGES > 0 ? 1 : 0)
  ) u_rounded (
    .clock,
    .in ({sign_3, result_kind, result_exponent, result_significand}),
    .out({sign, kind, exponent, significand})
  );

endmodule
