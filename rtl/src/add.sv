// x + z, in bits what fma gives for x * 1 + z.
//
// Latency: STAGES cycles, free running, a new pair every cycle. 0: combinational; at most 4.
module add #(
  parameter int unsigned EXP    = 8,
  parameter int unsigned SIG    = 8,
  parameter int unsigned STAGES = 2
) (
  input  logic               clock,
  input  logic [EXP+SIG-1:0] x,
  input  logic [EXP+SIG-1:0] z,
  output logic [EXP+SIG-1:0] result
);

  // fma_sum wants the exponent of its frame's highest bit, which lies SIG + 2 bits above x's leading one.
  localparam int unsigned OFFSET = SIG + 1;

  logic x_sign, z_sign, sign;
  logic [1:0] x_kind, z_kind, kind;
  logic [EXP-1:0] x_exponent, z_exponent, exponent;
  logic [SIG-1:0] x_significand, z_significand, significand;

  float_decode #(EXP, SIG) u_x (
    .value(x), .sign(x_sign), .kind(x_kind), .exponent(x_exponent), .significand(x_significand)
  );
  float_decode #(EXP, SIG) u_z (
    .value(z), .sign(z_sign), .kind(z_kind), .exponent(z_exponent), .significand(z_significand)
  );

  logic signed [EXP+1:0] offset_exponent;
  assign offset_exponent = $signed({2'b0, x_exponent} + (EXP + 2)'(OFFSET));

  fma_sum #(
    .EXP    (EXP),
    .SIG    (SIG),
    .PRODUCT(SIG),
    .STAGES (STAGES)
  ) u_sum (
    .clock,
    .p_sign(x_sign), .p_kind(x_kind), .p_exponent(offset_exponent),
    .p_significand(x_significand),
    .z_sign, .z_kind, .z_exponent(z_exponent - 1'b1), .z_significand,
    .sign, .kind, .exponent, .significand
  );

  float_encode #(EXP, SIG) u_encode (
    .sign, .kind, .exponent, .significand, .value(result)
  );

endmodule
