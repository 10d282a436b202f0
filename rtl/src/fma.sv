// x * y + z with one rounding, to nearest even; subnormal numbers in and out; NaN results are canonical.
//
// Latency: STAGES cycles, free running, a new triple every cycle. 0: combinational; at most 5. DSP: whether the multiplier
// may be mapped to DSP blocks.

module fma #(
  parameter int unsigned EXP    = 8,
  parameter int unsigned SIG    = 8,
  parameter int unsigned STAGES = 4,
  parameter bit          DSP    = 0
) (
  input  logic               clock,
  input  logic [EXP+SIG-1:0] x,
  input  logic [EXP+SIG-1:0] y,
  input  logic [EXP+SIG-1:0] z,
  output logic [EXP+SIG-1:0] result
);

  // The register between product and sum is the third to be placed.
  localparam int unsigned PRODUCT_STAGES = STAGES > 2 ? 1 : 0;

  logic x_sign, y_sign, product_sign;
  logic [1:0] x_kind, y_kind, product_kind;
  logic signed [EXP:0] x_exponent;
  logic [EXP-1:0] y_exponent;
  logic signed [EXP+1:0] product_exponent;
  logic [SIG-1:0] x_significand, y_significand;
  logic [SIG+1:0] x_triple;
  logic [2*SIG-1:0] product;

  float_factor #(EXP, SIG) u_x (
    .value(x), .sign(x_sign), .kind(x_kind), .exponent(x_exponent), .significand(x_significand), .triple(x_triple)
  );
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

  logic p_sign, z_sign, sign;
  logic [1:0] p_kind, z_kind, kind;
  logic signed [EXP+1:0] p_exponent;
  logic [2*SIG-1:0] p_significand;
  logic [EXP+SIG-1:0] z_late;
  logic [EXP-1:0] z_exponent, exponent;
  logic [SIG-1:0] z_significand, significand;

  delay #(
    .WIDTH (1 + 2 + EXP + 2 + 2 * SIG + EXP + SIG),
    .STAGES(PRODUCT_STAGES)
  ) u_multiplied (
    .clock,
    .in ({product_sign, product_kind, product_exponent, product, z}),
    .out({p_sign, p_kind, p_exponent, p_significand, z_late})
  );

  float_decode #(EXP, SIG) u_z (
    .value(z_late), .sign(z_sign), .kind(z_kind), .exponent(z_exponent), .significand(z_significand)
  );
  fma_sum #(
    .EXP(EXP),
    .SIG(SIG),
    .STAGES(STAGES - PRODUCT_STAGES)
  ) u_sum (
    .clock,
    .p_sign, .p_kind, .p_exponent, .p_significand,
    .z_sign, .z_kind, .z_exponent(z_exponent - 1'b1), .z_significand,
    .sign, .kind, .exponent, .significand
  );
  float_encode #(EXP, SIG) u_encode (
    .sign, .kind, .exponent, .significand, .value(result)
  );

endmodule
