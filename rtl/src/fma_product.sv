// The exact product of two numbers taken apart, x by float_factor and y by float_decode, as fma_sum wants it.
// Combinational. DSP: whether the multiplier may be mapped to DSP blocks.

module fma_product #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter bit          DSP = 0
) (
  input logic                  x_sign,
  input logic        [    1:0] x_kind,
  input logic signed [  EXP:0] x_exponent,
  input logic        [SIG-1:0] x_significand,
  input logic        [SIG+1:0] x_triple,
  input logic                  y_sign,
  input logic        [    1:0] y_kind,
  input logic        [EXP-1:0] y_exponent,
  input logic        [SIG-1:0] y_significand,

  output logic                    sign,
  output logic        [      1:0] kind,        // of float_pkg
  output logic signed [  EXP+1:0] exponent,
  output logic        [2*SIG-1:0] significand
);

  assign sign = x_sign ^ y_sign;
  assign exponent = $signed({x_exponent[EXP], x_exponent}) + $signed({2'b0, y_exponent});

  always_comb begin
    if (x_kind == float_pkg::FINITE) kind = y_kind;
    else if (y_kind == float_pkg::FINITE || x_kind == y_kind) kind = x_kind;
    else kind = float_pkg::NAN;  // a NaN, or zero times infinity
  end

  multiplier #(
    .WIDTH(SIG),
    .DSP  (DSP)
  ) u_multiplier (
    .x(x_significand),
    .triple(x_triple),
    .y(y_significand),
    .product(significand)
  );

endmodule
