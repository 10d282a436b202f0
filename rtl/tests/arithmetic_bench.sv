// The units of arithmetic in all their depths, fed with the same operands. Each output holds the results of the depths from
// 0 stages on, the first in the low bits.

module arithmetic_bench #(
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned INPUT_STAGES = 0  // registers in front of all
) (
  input  logic                   clock,
  input  logic [    EXP+SIG-1:0] in_x,
  input  logic [    EXP+SIG-1:0] in_y,
  input  logic [    EXP+SIG-1:0] in_z,
  input  logic                   in_relu,
  output logic [6*(EXP+SIG)-1:0] multiply_adds,     // x * y + z
  output logic [6*(EXP+SIG)-1:0] multiply_adds_dsp,
  output logic [5*(EXP+SIG)-1:0] sums,              // x + z
  output logic [8*(EXP+SIG)-1:0] scaled,            // x * z and y * z
  output logic [8*(EXP+SIG)-1:0] scaled_signed      // without adding zero
);

  localparam int unsigned W = EXP + SIG;

  logic [W-1:0] x, y, z;
  logic relu;

  delay #(
    .WIDTH(3 * W + 1), .STAGES(INPUT_STAGES)
  ) u_inputs (
    .clock, .in({in_x, in_y, in_z, in_relu}), .out({x, y, z, relu})
  );

  for (genvar stages = 0; stages < 6; stages++) begin : g_stages
    fma #(
      .EXP(EXP), .SIG(SIG), .STAGES(stages)
    ) u_fma (
      .clock, .x, .y, .z, .result(multiply_adds[stages*W+:W])
    );
    fma #(
      .EXP(EXP), .SIG(SIG), .STAGES(stages), .DSP(1)
    ) u_fma_dsp (
      .clock, .x, .y, .z, .result(multiply_adds_dsp[stages*W+:W])
    );
  end
  for (genvar stages = 0; stages < 4; stages++) begin : g_scale
    scale #(
      .EXP(EXP), .SIG(SIG), .SIDE(2), .STAGES(stages), .ADDS_ZERO(1)
    ) u_scale (
      .clock, .row({y, x}), .factor(z), .relu, .result(scaled[2*stages*W+:2*W])
    );
    scale #(
      .EXP(EXP), .SIG(SIG), .SIDE(2), .STAGES(stages), .ADDS_ZERO(0)
    ) u_scale_signed (
      .clock, .row({y, x}), .factor(z), .relu, .result(scaled_signed[2*stages*W+:2*W])
    );
  end
  for (genvar stages = 0; stages < 5; stages++) begin : g_add
    add #(
      .EXP(EXP), .SIG(SIG), .STAGES(stages)
    ) u_add (
      .clock, .x, .z, .result(sums[stages*W+:W])
    );
  end

endmodule
