// Prepares loads of weights for the mesh's cells: which of them write, where and what.
//
// A load may come while rows that meet the set's former weights are still on their way down the mesh. So a new set never
// goes to the place of the former one: each bank has GENERATIONS places, used in turn. A load begins a new generation of its
// bank if the row or column that it brings has come to the present one already, or if that was loaded the other way. Cells
// of row i and column j take element (i + j) mod SIDE of `weights`, for rows and columns alike.
//
// Latency: write_row to weights follow the load by one cycle, as does the place that rows read from (read_set).
module mesh_weights #(
  parameter int unsigned SIDE        = 4,
  parameter int unsigned EXP         = 8,
  parameter int unsigned SIG         = 8,
  parameter int unsigned GENERATIONS = 4   // a power of two
) (
  input logic clock,
  input logic reset,

  input logic                      load,
  input logic                      load_column,
  input logic                      load_bank,
  input logic [  $clog2(SIDE)-1:0] load_index,
  input logic [SIDE*(EXP+SIG)-1:0] b,

  input logic bank,  // that a row entering now meets

  output logic [               SIDE-1:0] write_row,
  output logic [               SIDE-1:0] write_column,
  output logic [  $clog2(GENERATIONS):0] write_set,
  output logic [SIDE*(EXP+SIG+3)-1:0]    weights,     // sign, kind, exponent, significand
  output logic [  $clog2(GENERATIONS):0] read_set
);

  localparam int unsigned W = EXP + SIG;
  localparam int unsigned COUNT = $clog2(GENERATIONS);

  // ---- Generations.

  logic [COUNT-1:0] generation_0, generation_1, present, loaded;
  logic [SIDE-1:0] have_0, have_1, have, index;  // rows or columns that have come
  logic column_0, column_1, starts;

  assign index = {{(SIDE - 1) {1'b0}}, 1'b1} << load_index;
  assign present = load_bank ? generation_1 : generation_0;
  assign have = load_bank ? have_1 : have_0;
  assign starts = (have & index) != 0 || (load_bank ? column_1 : column_0) != load_column;
  assign loaded = present + {{(COUNT - 1) {1'b0}}, starts};

  always_ff @(posedge clock) begin
    if (load && !load_bank) begin
      generation_0 <= loaded;
      have_0 <= starts ? index : have_0 | index;
      column_0 <= load_column;
    end
    if (load && load_bank) begin
      generation_1 <= loaded;
      have_1 <= starts ? index : have_1 | index;
      column_1 <= load_column;
    end
    if (reset) begin
      generation_0 <= '0;
      generation_1 <= '0;
      have_0 <= '0;
      have_1 <= '0;
      column_0 <= 1'b0;
      column_1 <= 1'b0;
    end
    read_set <= {bank, bank ? generation_1 : generation_0};
    write_set <= {load_bank, loaded};
    write_row <= {SIDE{load}} & ({SIDE{load_column}} | index);
    write_column <= {SIDE{load}} & ({SIDE{~load_column}} | index);
  end

  // ---- Weights.

  logic [SIDE*(W+3)-1:0] decoded, rotated;

  for (genvar i = 0; i < SIDE; i++) begin : g_element
    logic sign;
    logic [1:0] kind;
    logic [EXP-1:0] exponent;
    logic [SIG-1:0] significand;

    float_decode #(EXP, SIG) u_decode (
      .value(b[i*W+:W]), .sign, .kind, .exponent, .significand
    );
    assign decoded[i*(W+3)+:W+3] = {sign, kind, exponent, significand};
  end

  rotate #(SIDE, W + 3) u_rotate (
    .in (decoded),
    .by (load_index),
    .out(rotated)
  );

  always_ff @(posedge clock) weights <= rotated;

endmodule
