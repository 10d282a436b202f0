// One multiply-add of the mesh with its weights.
//
// Sets of weights lie in a memory of SETS places, which is written at write_set and read at read_set in every cycle. The
// row's element x meets the weight read in the same cycle; their product meets the partial sum z that is given one cycle
// later. Elements are taken apart by float_factor, weights by float_decode, sums as in fma_sum.
//
// Latency: 1 cycle from x to the product, SUM_STAGES (1 to 4) from z to the result. A weight can be read in the cycle after
// it was written.
module mesh_cell #(
  parameter int unsigned EXP        = 8,
  parameter int unsigned SIG        = 8,
  parameter int unsigned SUM_STAGES = 3,
  parameter int unsigned SETS       = 8,
  parameter bit          DSP        = 0
) (
  input logic clock,

  input logic                    write,
  input logic [$clog2(SETS)-1:0] write_set,
  input logic [     EXP+SIG+2:0] weight,     // sign, kind, exponent, significand

  input logic [$clog2(SETS)-1:0] read_set,

  input logic                  x_sign,
  input logic        [    1:0] x_kind,
  input logic signed [  EXP:0] x_exponent,
  input logic        [SIG-1:0] x_significand,
  input logic        [SIG+1:0] x_triple,

  input logic           z_sign,
  input logic [    1:0] z_kind,
  input logic [EXP-1:0] z_exponent,
  input logic [SIG-1:0] z_significand,

  output logic           sign,
  output logic [    1:0] kind,
  output logic [EXP-1:0] exponent,
  output logic [SIG-1:0] significand
);

  logic [EXP+SIG+2:0] weights[0:SETS-1];
  logic y_sign;
  logic [1:0] y_kind;
  logic [EXP-1:0] y_exponent;
  logic [SIG-1:0] y_significand;

  always_ff @(posedge clock) begin
    if (write) weights[write_set] <= weight;
  end
  assign {y_sign, y_kind, y_exponent, y_significand} = weights[read_set];

  logic product_sign, p_sign;
  logic [1:0] product_kind, p_kind;
  logic signed [EXP+1:0] product_exponent, p_exponent;
  logic [2*SIG-1:0] product, p_significand;

  fma_product #(
    .EXP(EXP),
    .SIG(SIG),
    .DSP(DSP)
  ) u_product (
    .x_sign, .x_kind, .x_exponent, .x_significand, .x_triple,
    .y_sign, .y_kind, .y_exponent, .y_significand,
    .sign(product_sign), .kind(product_kind), .exponent(product_exponent), .significand(product)
  );

  delay #(
    .WIDTH (1 + 2 + EXP + 2 + 2 * SIG),
    .STAGES(1)
  ) u_multiplied (
    .clock,
    .in ({product_sign, product_kind, product_exponent, product}),
    .out({p_sign, p_kind, p_exponent, p_significand})
  );

  fma_sum #(
    .EXP   (EXP),
    .SIG   (SIG),
    .STAGES(SUM_STAGES)
  ) u_sum (
    .clock,
    .p_sign, .p_kind, .p_exponent, .p_significand,
    .z_sign, .z_kind, .z_exponent, .z_significand,
    .sign, .kind, .exponent, .significand
  );

endmodule
