// SIDE x SIDE multiply-adds. One row of A and of D enters each cycle, and that row of C leaves mesh_latency cycles later:
//
//   c[n] = fma(a[SIDE-1], B[SIDE-1][n], ... fma(a[1], B[1][n], fma(a[0], B[0][n], d[n])))
//
// Row k of cells adds a[k] times row k of B to the partial sums that come from the row above it. Rows of A and C are not
// skewed; the mesh delays a[k] until the partial sums have come to row k, to all columns at once.
//
// There are two sets of weights B; `bank` says which one a row meets. `load` writes row load_index of B, or with
// load_column column load_index, into set load_bank. A set must be loaded whole, by rows or by columns, in any
// order. A row may meet it from the cycle after its last load on. Loads of the next contents of the same set may begin in
// the cycle after the last row entered that met the present one: rows on their way are not disturbed. So one set is
// loaded while SIDE rows meet the other.
//
// Latency: gemmini_pkg::mesh_latency(SIDE, SUM_STAGES). SUM_STAGES (1 to 4) is what a row of cells takes to add. `reset`
// needs to have been high for a cycle before the first load. DSP: whether multipliers may be mapped to DSP blocks.
module mesh #(
  parameter int unsigned SIDE       = 4,  // a power of two, at least 2
  parameter int unsigned EXP        = 8,
  parameter int unsigned SIG        = 8,
  parameter int unsigned SUM_STAGES = 3,
  parameter bit          DSP        = 0
) (
  input logic clock,
  input logic reset,

  input  logic [SIDE*(EXP+SIG)-1:0] a,
  input  logic [SIDE*(EXP+SIG)-1:0] d,
  input  logic                      bank,
  output logic [SIDE*(EXP+SIG)-1:0] c,

  input logic                      load,
  input logic                      load_column,
  input logic                      load_bank,
  input logic [  $clog2(SIDE)-1:0] load_index,
  input logic [SIDE*(EXP+SIG)-1:0] b
);

  localparam int unsigned W = EXP + SIG;
  // The last cell reads a weight (SIDE - 1) * SUM_STAGES cycles after the first one, and whole sets take SIDE cycles each to
  // load: SUM_STAGES + 1 generations suffice.
  localparam int unsigned GENERATIONS = 1 << $clog2(SUM_STAGES + 1);
  localparam int unsigned SET = $clog2(GENERATIONS) + 1;

  if (SIDE < 2 || (1 << $clog2(SIDE)) != SIDE || SUM_STAGES < 1 || SUM_STAGES > 4) begin : g_illegal
    $error("SIDE must be a power of two, at least 2, and SUM_STAGES 1 to 4");
  end

  logic [SIDE-1:0] write_row, write_column;
  logic [SET-1:0] write_set, first_read_set;
  logic [SIDE*(W+3)-1:0] weights;

  mesh_weights #(
    .SIDE       (SIDE),
    .EXP        (EXP),
    .SIG        (SIG),
    .GENERATIONS(GENERATIONS)
  ) u_weights (
    .clock, .reset,
    .load, .load_column, .load_bank, .load_index, .b, .bank,
    .write_row, .write_column, .write_set, .weights, .read_set(first_read_set)
  );

  // d meets the first row's products, which are made one cycle after the row's elements are registered.
  logic [SIDE*W-1:0] first_z;

  delay #(
    .WIDTH (SIDE * W),
    .STAGES(2)
  ) u_d (
    .clock,
    .in (d),
    .out(first_z)
  );

  for (genvar k = 0; k < SIDE; k++) begin : g_row
    logic [SET-1:0] read_set;
    logic a_sign, x_sign;
    logic [1:0] a_kind, x_kind;
    logic signed [EXP:0] a_exponent, x_exponent;
    logic [SIG-1:0] a_significand, x_significand;
    logic [SIG+1:0] a_triple, x_triple;
    logic [W-1:0] waited;

    if (k == 0) begin : g_first
      assign read_set = first_read_set;
    end else begin : g_next
      delay #(
        .WIDTH (SET),
        .STAGES(SUM_STAGES)
      ) u_read_set (
        .clock,
        .in (g_row[k-1].read_set),
        .out(read_set)
      );
    end

    // Waiting is cheap for the element as it came, in shift registers; the cells have it taken apart.
    delay #(
      .WIDTH (W),
      .STAGES(k * SUM_STAGES)
    ) u_delay (
      .clock,
      .in (a[k*W+:W]),
      .out(waited)
    );
    float_factor #(EXP, SIG) u_a (
      .value(waited), .sign(a_sign), .kind(a_kind), .exponent(a_exponent), .significand(a_significand),
      .triple(a_triple)
    );
    always_ff @(posedge clock) begin
      {x_sign, x_kind, x_exponent, x_significand, x_triple} <= {a_sign, a_kind, a_exponent, a_significand, a_triple};
    end

    for (genvar n = 0; n < SIDE; n++) begin : g_column
      logic z_sign, sign;
      logic [1:0] z_kind, kind;
      logic [EXP-1:0] z_exponent, exponent;
      logic [SIG-1:0] z_significand, significand;

      if (k == 0) begin : g_first
        logic [EXP-1:0] d_exponent;
        assign z_exponent = d_exponent - 1'b1;
        float_decode #(EXP, SIG) u_z (
          .value(first_z[n*W+:W]), .sign(z_sign), .kind(z_kind), .exponent(d_exponent),
          .significand(z_significand)
        );
      end else begin : g_next
        assign z_sign = g_row[k-1].g_column[n].sign;
        assign z_kind = g_row[k-1].g_column[n].kind;
        assign z_exponent = g_row[k-1].g_column[n].exponent;
        assign z_significand = g_row[k-1].g_column[n].significand;
      end

      mesh_cell #(
        .EXP       (EXP),
        .SIG       (SIG),
        .SUM_STAGES(SUM_STAGES),
        .SETS      (2 * GENERATIONS),
        .DSP       (DSP)
      ) u_cell (
        .clock,
        .write(write_row[k] & write_column[n]), .write_set, .weight(weights[((k+n)%SIDE)*(W+3)+:W+3]),
        .read_set, .x_sign, .x_kind, .x_exponent, .x_significand, .x_triple,
        .z_sign, .z_kind, .z_exponent, .z_significand,
        .sign, .kind, .exponent, .significand
      );
    end
  end

  for (genvar n = 0; n < SIDE; n++) begin : g_result
    float_encode #(EXP, SIG) u_encode (
      .sign(g_row[SIDE-1].g_column[n].sign), .kind(g_row[SIDE-1].g_column[n].kind),
      .exponent(g_row[SIDE-1].g_column[n].exponent), .significand(g_row[SIDE-1].g_column[n].significand),
      .value(c[n*W+:W])
    );
  end

endmodule
