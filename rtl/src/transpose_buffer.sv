// Takes matrices of SIDE rows, a row at a time, and gives the rows of their transposes.
//
// It holds four matrices and has no ready for rows that come: who sends them counts what is inside and is told by
// `freed` when a whole matrix has left. A transpose's first row is at the output in the cycle after the last
// row of its matrix came; out_ready takes a row.
//
// Element (i, j) lies in memory (i + j) mod SIDE at address i, so that a row and a column are each in SIDE
// different memories.

module transpose_buffer #(
  parameter int unsigned SIDE = 4,  // a power of two
  parameter int unsigned W = 16
) (
  input  logic              clock,
  input  logic              reset,
  input  logic              in_valid,
  input  logic [SIDE*W-1:0] in_data,
  output logic              out_valid,
  input  logic              out_ready,
  output logic [SIDE*W-1:0] out_data,
  output logic              freed
);

  localparam int unsigned INDEX = $clog2(SIDE);

  logic [INDEX-1:0] in_row;
  logic [INDEX-1:0] out_row;
  logic [1:0] in_matrix;
  logic [1:0] out_matrix;
  logic [2:0] whole;  // matrices that can leave
  logic [SIDE*W-1:0] in_rotated;
  logic [SIDE*W-1:0] stored;

  wire completes = in_valid && (&in_row);
  assign out_valid = whole != '0;
  assign freed = out_valid && out_ready && (&out_row);

  always_ff @(posedge clock) begin
    if (reset) begin
      in_row <= '0;
      out_row <= '0;
      in_matrix <= '0;
      out_matrix <= '0;
      whole <= '0;
    end else begin
      if (in_valid) begin
        in_row <= in_row + 1'b1;
      end
      if (completes) begin
        in_matrix <= in_matrix + 1'b1;
      end
      if (out_valid && out_ready) begin
        out_row <= out_row + 1'b1;
      end
      if (freed) begin
        out_matrix <= out_matrix + 1'b1;
      end
      whole <= whole + 3'(completes) - 3'(freed);
    end
  end

  rotate #(
    .SIDE(SIDE),
    .W   (W)
  ) rotate_in (
    .in (in_data),
    .by (in_row),
    .out(in_rotated)
  );

  generate
    genvar i;
    for (i = 0; i < SIDE; i = i + 1) begin : gen_memories
      (* ram_style = "distributed" *)
      logic [W-1:0] elements[4*SIDE];
      // Column out_row has its element of row r in memory r + out_row.
      wire [INDEX-1:0] row = INDEX'(i) - out_row;
      always_ff @(posedge clock) begin
        if (in_valid) begin
          elements[{in_matrix, in_row}] <= in_rotated[i*W+:W];
        end
      end
      assign stored[i*W+:W] = elements[{out_matrix, row}];
    end
  endgenerate

  rotate #(
    .SIDE(SIDE),
    .W   (W)
  ) rotate_out (
    .in (stored),
    .by (-out_row),
    .out(out_data)
  );

  never_check no_row_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens(in_valid && whole == 3'd4)
  );

endmodule
