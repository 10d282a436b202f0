// Walks over the multiplications of tiles that make C = A B: k outermost, then j, then i; for each a PRELOAD,
// then a COMPUTE.
//
// `start` goes to the first, `step` to the next command, both take effect in the next cycle. `last`: the
// present command is the last. The rows are of the scratchpad and the accumulator, the present tiles' first.
// A tile of the weights is preloaded once, with i = 0.

module execute_walk #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned TILE_BITS = 13
) (
  input  logic                 clock,
  input  logic                 start,
  input  logic                 step,
  input  logic                 transpose_a,
  input  logic                 transpose_b,
  input  logic [TILE_BITS-1:0] bound_i,
  input  logic [TILE_BITS-1:0] bound_j,
  input  logic [TILE_BITS-1:0] bound_k,
  input  logic [ ROW_BITS-1:0] a_start,
  input  logic [ ROW_BITS-1:0] b_start,
  input  logic [ ROW_BITS-1:0] c_start,
  output logic                 last,
  output logic                 at_preload,
  output logic [TILE_BITS-1:0] i,
  output logic [TILE_BITS-1:0] j,
  output logic [TILE_BITS-1:0] k,
  output logic                 last_i,
  output logic                 last_j,
  output logic                 last_k,
  output logic [ ROW_BITS-1:0] a_row,
  output logic [ ROW_BITS-1:0] b_row,
  output logic [ ROW_BITS-1:0] c_row
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);

  // Numbers of tiles in local memory, in which A is i K + k (transposed k I + i), B is k J + j (transposed
  // j K + k), C is i J + j; a_first is that of A with i = 0.
  logic [ROW_BITS-1:0] a_first;
  logic [ROW_BITS-1:0] a_tile;
  logic [ROW_BITS-1:0] b_tile;
  logic [ROW_BITS-1:0] c_tile;

  assign last_i = i == bound_i - 1'b1;
  assign last_j = j == bound_j - 1'b1;
  assign last_k = k == bound_k - 1'b1;
  assign last = !at_preload && last_i && last_j && last_k;
  assign a_row = a_start + (a_tile << SIDE_BITS);
  assign b_row = b_start + (b_tile << SIDE_BITS);
  assign c_row = c_start + (c_tile << SIDE_BITS);

  wire [ROW_BITS-1:0] next_a_first = a_first + (transpose_a ? ROW_BITS'(bound_i) : ROW_BITS'(1));

  always_ff @(posedge clock) begin
    if (start) begin
      at_preload <= 1'b1;
      i <= '0;
      j <= '0;
      k <= '0;
      a_first <= '0;
      a_tile <= '0;
      b_tile <= '0;
      c_tile <= '0;
    end else if (step) begin
      at_preload <= !at_preload;
      if (!at_preload) begin
        if (!last_i) begin
          i <= i + 1'b1;
          a_tile <= a_tile + (transpose_a ? ROW_BITS'(1) : ROW_BITS'(bound_k));
          c_tile <= c_tile + ROW_BITS'(bound_j);
        end else begin
          i <= '0;
          if (!last_j) begin
            j <= j + 1'b1;
            a_tile <= a_first;
            b_tile <= b_tile + (transpose_b ? ROW_BITS'(bound_k) : ROW_BITS'(1));
            c_tile <= ROW_BITS'(j) + 1'b1;
          end else begin
            j <= '0;
            k <= k + 1'b1;
            a_first <= next_a_first;
            a_tile <= next_a_first;
            b_tile <= transpose_b ? ROW_BITS'(k) + 1'b1 : b_tile + 1'b1;
            c_tile <= '0;
          end
        end
      end
    end
  end

endmodule
