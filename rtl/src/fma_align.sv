// Brings the addend z to the place where it is added to a product (fma_sum.sv), and sorts out what is not finite.
// Combinational.
//
// The addend is shifted right from the top of a frame of FRAME bits. At the top it lies so far above the product that
// the product cannot do more than to say that the sum is a little more or less than z; there it also stays if the
// product is zero.

module fma_align #(
  parameter int unsigned EXP   = 8,
  parameter int unsigned SIG   = 8,
  parameter int unsigned FRAME = 28
) (
  input logic                  p_sign,
  input logic        [    1:0] p_kind,         // of float_pkg
  input logic signed [EXP+1:0] p_exponent,     // that of the frame's highest bit, if the product decides it
  input logic                  z_sign,
  input logic        [    1:0] z_kind,
  input logic        [EXP-1:0] z_exponent,
  input logic        [SIG-1:0] z_significand,

  output logic [FRAME-1:0] addend,        // complemented if subtract
  output logic             subtract,
  output logic             sticky,        // the addend is more than addend says
  output logic [    EXP:0] top,           // exponent of the frame's highest bit
  output logic [      1:0] special,       // the sum is INFINITE, NAN, or else FINITE
  output logic             special_sign
);

  localparam int unsigned SHIFT = $clog2(FRAME + 1);  // bits of a distance in the frame
  localparam int unsigned REACH = (1 << SHIFT) - 1;  // the longest shift
  localparam int unsigned BELOW = REACH + SIG - FRAME;  // bits below the frame that it reaches

  logic signed [EXP+1:0] distance;
  logic above, beyond;
  logic [SHIFT-1:0] amount;
  logic [FRAME+BELOW-1:0] aligned;

  assign distance = p_exponent - $signed({2'b0, z_exponent});
  assign above = distance[EXP+1] | (p_kind == float_pkg::ZERO);
  assign beyond = distance[EXP:SHIFT] != 0;
  assign amount = above ? '0 : distance[SHIFT-1:0] | {SHIFT{beyond}};
  assign aligned = {z_significand, {REACH{1'b0}}} >> amount;

  assign addend = aligned[FRAME+BELOW-1:BELOW] ^ {FRAME{subtract}};
  assign subtract = p_sign ^ z_sign;
  assign sticky = aligned[BELOW-1:0] != 0;
  assign top = above ? {1'b0, z_exponent} : p_exponent[EXP:0];

  assign special[1] = p_kind[1] | z_kind[1];
  assign special[0] = p_kind == float_pkg::NAN || z_kind == float_pkg::NAN || (p_kind[1] && z_kind[1] && subtract);
  assign special_sign = p_kind[1] ? p_sign : z_sign;

endmodule
