// Rounds what fma_normalize gives, and makes infinities of numbers that are too large. Combinational.

module fma_round #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8
) (
  input logic [    1:0] special,   // the number is INFINITE, NAN, or else FINITE
  input logic [  EXP:0] exponent,  // less the least one
  input logic [SIG-1:0] kept,
  input logic           round_up,

  output logic [    1:0] kind,
  output logic [EXP-1:0] result_exponent,  // less the least one
  output logic [SIG-1:0] significand
);

  logic [EXP:0] rounded_exponent;
  logic [SIG-1:0] rounded;

  // A significand of all ones becomes one with the next exponent.
  assign {rounded_exponent, rounded} = {exponent, kept} + {{(EXP + SIG) {1'b0}}, round_up};
  assign significand = {kept[SIG-1] | rounded[SIG-1], rounded[SIG-2:0]};
  // Zero has the least exponent, whatever it came from.
  assign result_exponent = rounded_exponent[EXP-1:0] & {EXP{kept[SIG-1]}};
  assign kind = {special[1] | rounded_exponent[EXP] | (rounded_exponent[EXP-1:1] == '1), special[0]};

endmodule
