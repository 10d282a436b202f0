// Takes matrices of SIDE rows, one row a cycle, and gives their transposes, one row a cycle.
//
// `start` comes with a matrix' first row; the other rows come in the cycles after it. The next matrix may follow at once, or
// after a pause. Latency: the first row of the transpose leaves SIDE cycles after the first row came.
//
// Element (i, j) lies in memory (i + j) mod SIDE at address i, so that a row and a column are both in SIDE different
// memories. Each memory holds two matrices: the one that comes and the one that goes.
module transposer #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned W    = 16
) (
  input  logic              clock,
  input  logic              start,
  input  logic [SIDE*W-1:0] in,
  output logic [SIDE*W-1:0] out
);

  localparam int unsigned INDEX = $clog2(SIDE);

  if (SIDE < 2 || (1 << INDEX) != SIDE) begin : g_illegal
    $error("SIDE must be a power of two, at least 2");
  end

  logic [INDEX:0] next_row, row;  // of the matrix that comes; SIDE between matrices
  logic [INDEX-1:0] index, out_index;
  logic last_half, half, out_half;  // which of the two matrices
  logic [SIDE*W-1:0] rotated, stored;

  assign row = start ? '0 : next_row;
  assign index = row[INDEX-1:0];
  assign half = last_half ^ start;

  always_ff @(posedge clock) begin
    next_row  <= row[INDEX] ? row : row + 1'b1;
    last_half  <= half;
  end

  delay #(
    .WIDTH (1 + INDEX),
    .STAGES(SIDE)
  ) u_delay (
    .clock,
    .in ({half, index}),
    .out({out_half, out_index})
  );

  rotate #(SIDE, W) u_in (
    .in,
    .by (index),
    .out(rotated)
  );

  for (genvar i = 0; i < SIDE; i++) begin : g_memory
    logic [W-1:0] elements[0:2*SIDE-1];
    always_ff @(posedge clock) begin
      if (!row[INDEX]) elements[{half, index}] <= rotated[i*W+:W];
    end
    // Column out_index has its element of row r in memory r + out_index.
    assign stored[i*W+:W] = elements[{out_half, INDEX'(i) - out_index}];
  end

  rotate #(SIDE, W) u_out (
    .in (stored),
    .by (INDEX'(0) - out_index),
    .out(out)
  );

endmodule
