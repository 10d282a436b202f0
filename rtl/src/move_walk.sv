// Walks over the tiles of a matrix that a loop moves in or out, a block of neighbouring tiles of a row at a
// time, and says what the next MVIN or MVOUT moves. Used for A, B, D and C.
//
// `start` goes to the first block; `step` to the one after it; both take effect in the next cycle. `last`: the
// present block is the last. With column_is_inner the walk goes along rows of the matrix, else down its
// columns. `outer` and `inner` are the present block's first tile in the walk's own order. Sizes are in tiles;
// the paddings are elements that the last tile lacks. Everything else is combinational from the inputs, which
// must hold during a walk.

module move_walk #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ELEMENT_BYTES = 2,
  parameter int unsigned BLOCK = 8,  // tiles of a block, a power of two
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned TILE_BITS = 13
) (
  input  logic                                    clock,
  input  logic                                    start,
  input  logic                                    step,
  input  logic                                    column_is_inner,
  input  logic                                    single,           // blocks of one tile
  input  logic [gemmini_pkg::ADDRESS_BITS-1:0]    base,
  input  logic [                          31:0]   stride,           // elements from row to row
  input  logic [                  ROW_BITS-1:0]   local_start,
  input  logic [                 TILE_BITS-1:0]   rows,
  input  logic [                 TILE_BITS-1:0]   columns,
  input  logic [              $clog2(SIDE)-1:0]   row_padding,
  input  logic [              $clog2(SIDE)-1:0]   column_padding,
  output logic                                    last,
  output logic [                 TILE_BITS-1:0]   outer,
  output logic [                 TILE_BITS-1:0]   inner,
  output logic [                 TILE_BITS-1:0]   tiles,            // of the present block
  output logic [gemmini_pkg::ADDRESS_BITS-1:0]    move_address,
  output logic [                  ROW_BITS-1:0]   move_row,
  output logic [                          15:0]   move_rows,
  output logic [                          15:0]   move_columns
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  localparam int unsigned TILE_SHIFT = SIDE_BITS + $clog2(ELEMENT_BYTES);  // bytes of a tile's row

  logic [TILE_BITS-1:0] row;
  logic [TILE_BITS-1:0] column;
  logic [ROW_BITS-1:0] local_offset;  // of the row of tiles
  logic [31:0] memory_offset;

  wire [TILE_BITS-1:0] most = single ? TILE_BITS'(1) : TILE_BITS'(BLOCK);
  wire [TILE_BITS-1:0] columns_left = columns - column;
  wire last_column = columns_left <= most;
  wire last_row = row == rows - 1'b1;
  wire [31:0] row_step = stride << TILE_SHIFT;

  assign tiles = last_column ? columns_left : most;
  assign last = last_row && last_column;
  assign outer = column_is_inner ? row : column;
  assign inner = column_is_inner ? column : row;

  wire [31:0] offset = memory_offset + (32'(column) << TILE_SHIFT);
  assign move_address = base + gemmini_pkg::ADDRESS_BITS'(offset);
  assign move_row = local_start + local_offset + (ROW_BITS'(column) << SIDE_BITS);
  assign move_rows = 16'(SIDE) - (last_row ? 16'(row_padding) : 16'd0);
  assign move_columns = (16'(tiles) << SIDE_BITS) - (last_column ? 16'(column_padding) : 16'd0);

  // Down the rows, and back to the first.
  wire row_steps = step && (!column_is_inner || last_column);
  wire column_steps = step && (column_is_inner || last_row);

  always_ff @(posedge clock) begin
    if (start) begin
      row <= '0;
      column <= '0;
      local_offset <= '0;
      memory_offset <= '0;
    end else begin
      if (row_steps) begin
        if (last_row) begin
          row <= '0;
          local_offset <= '0;
          memory_offset <= '0;
        end else begin
          row <= row + 1'b1;
          local_offset <= local_offset + (ROW_BITS'(columns) << SIDE_BITS);
          memory_offset <= memory_offset + row_step;
        end
      end
      if (column_steps) begin
        column <= last_column ? '0 : column + most;
      end
    end
  end

endmodule
