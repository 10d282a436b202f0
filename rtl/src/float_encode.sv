// Puts together what float_decode takes apart. A NaN becomes the canonical one: positive, quiet bit only. Of `kind` only
// the difference between special and finite numbers counts. A significand without its leading one, zero or subnormal, must
// come with exponent 0. Combinational.
module float_encode #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8
) (
  input  logic               sign,
  input  logic [        1:0] kind,        // of float_pkg
  input  logic [    EXP-1:0] exponent,    // less the least one
  input  logic [    SIG-1:0] significand,
  output logic [EXP+SIG-1:0] value
);

  logic [EXP-1:0] field;
  logic [SIG-2:0] fraction;
  logic special, nan;

  assign special = kind[1];
  assign nan = kind == float_pkg::NAN;
  assign field = (exponent + {{(EXP - 1) {1'b0}}, significand[SIG-1]}) | {EXP{special}};
  assign fraction = (significand[SIG-2:0] & {(SIG - 1) {~special}}) | {nan, {(SIG - 2) {1'b0}}};
  assign value = {sign & ~nan, field, fraction};

endmodule
