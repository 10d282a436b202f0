// Multiplies a row of SIDE numbers by a factor, each product rounded once. With `relu`, numbers with a sign, but not
// -0, become +0 first. With ADDS_ZERO, +0 is added to the exact product, so that -0 becomes +0 (Gemmini before its change
// #260); else a product of zero keeps its sign.
//
// Latency: STAGES cycles, free running, a new row and factor every cycle. Registers are placed, in this order: after
// rounding; after the multiplication; after normalisation. 0: combinational; at most 3. DSP: whether the multipliers may be
// mapped to DSP blocks.

module scale #(
  parameter int unsigned EXP       = 8,
  parameter int unsigned SIG       = 8,
  parameter int unsigned SIDE      = 4,
  parameter int unsigned STAGES    = 3,
  parameter bit          ADDS_ZERO = 1,
  parameter bit          DSP       = 0
) (
  input  logic                      clock,
  input  logic [SIDE*(EXP+SIG)-1:0] row,
  input  logic [       EXP+SIG-1:0] factor,
  input  logic                      relu,
  output logic [SIDE*(EXP+SIG)-1:0] result
);

  localparam int unsigned W = EXP + SIG;
  // Where a product is normalised: as in fma_sum, where its exponent is that of a bit SIG + 2 above it. No bits are needed
  // below it.
  localparam int unsigned FRAME = 3 * SIG + 2;

  if (STAGES > 3) begin : g_illegal
    $error("scale has at most 3 stages");
  end

  logic x_sign;
  logic [1:0] x_kind;
  logic signed [EXP:0] x_exponent;
  logic [SIG-1:0] x_significand;
  logic [SIG+1:0] x_triple;

  float_factor #(EXP, SIG) u_factor (
    .value(factor), .sign(x_sign), .kind(x_kind), .exponent(x_exponent), .significand(x_significand),
    .triple(x_triple)
  );

  for (genvar i = 0; i < SIDE; i++) begin : g_element
    logic [W-1:0] y;
    logic y_sign, product_sign, signed_product, sign_1;
    logic [1:0] y_kind, product_kind, special, special_1;
    logic [EXP-1:0] y_exponent;
    logic [SIG-1:0] y_significand;
    logic signed [EXP+1:0] product_exponent;
    logic [2*SIG-1:0] product, product_1;
    logic [EXP:0] top_1;

    assign y = row[i*W+:W] & {W{~(relu & row[i*W+W-1] & (row[i*W+:W-1] != 0))}};

    float_decode #(EXP, SIG) u_y (
      .value(y), .sign(y_sign), .kind(y_kind), .exponent(y_exponent), .significand(y_significand)
    );

    fma_product #(
      .EXP(EXP),
      .SIG(SIG),
      .DSP(DSP)
    ) u_product (
      .x_sign, .x_kind, .x_exponent, .x_significand, .x_triple,
      .y_sign, .y_kind, .y_exponent, .y_significand,
      .sign(product_sign), .kind(product_kind), .exponent(product_exponent), .significand(product)
    );

    assign special = {product_kind[1], product_kind == float_pkg::NAN};
    assign signed_product = product_sign & ~(ADDS_ZERO && product_kind == float_pkg::ZERO);

    // A product whose exponent is below the least one is less than half of the least number: zero.
    delay #(
      .WIDTH (2 * SIG + EXP + 1 + 3),
      .STAGES(STAGES > 1 ? 1 : 0)
    ) u_multiplied (
      .clock,
      .in ({
        {product, product_exponent[EXP:0]} & {(2 * SIG + EXP + 1) {~product_exponent[EXP+1]}}, signed_product, special
      }),
      .out({product_1, top_1, sign_1, special_1})
    );

    logic [EXP:0] normal_exponent, exponent_2;
    logic [SIG-1:0] kept, kept_2;
    logic round_up, unused_zero, round_up_2, sign_2;
    logic [1:0] special_2;

    fma_normalize #(
      .EXP  (EXP),
      .SIG  (SIG),
      .FRAME(FRAME)
    ) u_normalize (
      .sum({{(SIG + 2) {1'b0}}, product_1}), .negative(1'b0), .increment(1'b0), .sticky(1'b0), .top(top_1),
      .exponent(normal_exponent), .kept, .round_up, .zero(unused_zero)
    );

    delay #(
      .WIDTH (EXP + 1 + SIG + 4),
      .STAGES(STAGES > 2 ? 1 : 0)
    ) u_normalized (
      .clock,
      .in ({normal_exponent, kept, round_up, sign_1, special_1}),
      .out({exponent_2, kept_2, round_up_2, sign_2, special_2})
    );

    logic [1:0] kind;
    logic [EXP-1:0] exponent;
    logic [SIG-1:0] significand;
    logic [W-1:0] value;

    fma_round #(EXP, SIG) u_round (
      .special(special_2), .exponent(exponent_2), .kept(kept_2), .round_up(round_up_2),
      .kind, .result_exponent(exponent), .significand
    );
    float_encode #(EXP, SIG) u_encode (
      .sign(sign_2), .kind, .exponent, .significand, .value
    );
    delay #(
      .WIDTH (W),
      .STAGES(STAGES > 0 ? 1 : 0)
    ) u_rounded (
      .clock,
      .in (value),
      .out(result[i*W+:W])
    );
  end

endmodule
