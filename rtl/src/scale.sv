// Multiplies a row of SIDE numbers by a factor, each product rounded once. With `relu`, numbers with a sign, but not
// -0, become +0 first. With ADDS_ZERO, +0 is added to the exact product, so that -0 becomes +0 (Gemmini before its change
// #260); else a product of zero keeps its sign.
//
// Latency: STAGES cycles, free running, a new row and factor every cycle. 0: combinational; at most 5. DSP: whether the
// multipliers may be mapped to DSP blocks.
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
  localparam int unsigned PRODUCT_STAGES = STAGES > 2 ? 1 : 0;
  localparam int signed OFFSET = float_pkg::product_offset(EXP, SIG);

  logic factor_sign;
  logic [1:0] factor_kind;
  logic [EXP-1:0] factor_exponent;
  logic [SIG-1:0] factor_significand;
  logic signed [EXP:0] offset_exponent;

  float_decode #(EXP, SIG) u_factor (
    .value(factor), .sign(factor_sign), .kind(factor_kind), .exponent(factor_exponent),
    .significand(factor_significand)
  );
  assign offset_exponent = $signed({1'b0, factor_exponent}) + (EXP + 1)'(OFFSET);

  for (genvar i = 0; i < SIDE; i++) begin : g_element
    logic [W-1:0] x;
    logic x_sign, product_sign, p_sign, sign;
    logic [1:0] x_kind, product_kind, p_kind, kind;
    logic [EXP-1:0] x_exponent, exponent;
    logic [SIG-1:0] x_significand, significand;
    logic signed [EXP+1:0] product_exponent, p_exponent;
    logic [2*SIG-1:0] product, p_significand;

    assign x = row[i*W+:W] & {W{~(relu & row[i*W+W-1] & (row[i*W+:W-1] != 0))}};

    float_decode #(EXP, SIG) u_x (
      .value(x), .sign(x_sign), .kind(x_kind), .exponent(x_exponent), .significand(x_significand)
    );

    fma_product #(
      .EXP(EXP),
      .SIG(SIG),
      .DSP(DSP)
    ) u_product (
      .x_sign, .x_kind, .x_exponent, .x_significand,
      .y_sign(factor_sign), .y_kind(factor_kind), .y_exponent(offset_exponent), .y_significand(factor_significand),
      .sign(product_sign), .kind(product_kind), .exponent(product_exponent), .significand(product)
    );

    delay #(
      .WIDTH (1 + 2 + EXP + 2 + 2 * SIG),
      .STAGES(PRODUCT_STAGES)
    ) u_multiplied (
      .clock,
      .in ({product_sign, product_kind, product_exponent, product}),
      .out({p_sign, p_kind, p_exponent, p_significand})
    );

    fma_sum #(
      .EXP(EXP),
      .SIG(SIG),
      .STAGES(STAGES - PRODUCT_STAGES)
    ) u_sum (
      .clock,
      .p_sign, .p_kind, .p_exponent, .p_significand,
      .z_sign(ADDS_ZERO ? 1'b0 : p_sign), .z_kind(float_pkg::ZERO), .z_exponent({{(EXP - 1) {1'b0}}, 1'b1}),
      .z_significand('0),
      .sign, .kind, .exponent, .significand
    );

    float_encode #(EXP, SIG) u_encode (
      .sign, .kind, .exponent, .significand, .value(result[i*W+:W])
    );
  end

endmodule
