// Takes a factor apart that many products share, and prepares what they would all compute from it (fma_product.sv): three
// times its significand, and its exponent plus float_pkg::product_offset. Combinational.

module float_factor #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8
) (
  input  logic        [EXP+SIG-1:0] value,
  output logic                      sign,
  output logic        [        1:0] kind,         // of float_pkg
  output logic signed [      EXP:0] exponent,     // with the offset
  output logic        [    SIG-1:0] significand,
  output logic        [    SIG+1:0] triple        // 3 * significand
);

  localparam int signed OFFSET = float_pkg::product_offset(EXP, SIG);

  logic [EXP-1:0] plain_exponent;

  float_decode #(EXP, SIG) u_decode (
    .value, .sign, .kind, .exponent(plain_exponent), .significand
  );
  assign exponent = $signed({1'b0, plain_exponent}) + (EXP + 1)'(OFFSET);
  assign triple = {2'b0, significand} + {1'b0, significand, 1'b0};

endmodule
