// Takes a number apart: the exponent of a subnormal number or zero is given as 1, and the hidden one is made explicit, so
// that value = significand * 2^(exponent - bias - SIG + 1) for all finite numbers alike. Combinational.
module float_decode #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8
) (
  input  logic [EXP+SIG-1:0] value,
  output logic               sign,
  output logic [        1:0] kind,        // of float_pkg
  output logic [    EXP-1:0] exponent,
  output logic [    SIG-1:0] significand
);

  logic [EXP-1:0] field;
  logic [SIG-2:0] fraction;
  logic normal, special;

  assign {sign, field, fraction} = value;
  assign normal = field != 0;
  assign special = field == '1;
  assign kind = {special, special ? fraction != 0 : ~normal & (fraction == 0)};
  assign exponent = {field[EXP-1:1], field[0] | ~normal};
  assign significand = {normal, fraction};

endmodule
