// Which memory of the scratchpad or the accumulator holds a local row, and where. The top bits of the row
// are the bank, as software sees it; within a bank consecutive tiles of SIDE rows go to its SUB memories in
// turn. Combinational.

module bank_address #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ROWS = 16384,
  parameter int unsigned BANKS = 4,
  parameter int unsigned SUB = 4,
  localparam int unsigned ROW_BITS = $clog2(ROWS),
  localparam int unsigned MEMORY_BITS = $clog2(BANKS * SUB) > 0 ? $clog2(BANKS * SUB) : 1,
  localparam int unsigned PLACE_BITS = $clog2(ROWS / (BANKS * SUB))
) (
  input  logic [   ROW_BITS-1:0] row,
  output logic [MEMORY_BITS-1:0] memory,
  output logic [ PLACE_BITS-1:0] place
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  localparam int unsigned SUB_BITS = $clog2(SUB);
  localparam int unsigned BANK_ROW_BITS = $clog2(ROWS / BANKS);

  wire [ROW_BITS-1:0] bank = row >> BANK_ROW_BITS;
  wire [ROW_BITS-1:0] tile = row >> SIDE_BITS;
  wire [ROW_BITS-1:0] group = tile >> SUB_BITS;

  assign memory = MEMORY_BITS'(bank << SUB_BITS) | MEMORY_BITS'(tile & ROW_BITS'(SUB - 1));
  assign place = PLACE_BITS'(group << SIDE_BITS) | PLACE_BITS'(row & ROW_BITS'(SIDE - 1));

endmodule
