// The scratchpad: BANKS banks, each of SUB single-ported block RAMs (bank_address.sv), with one way to write
// and two to read.
//
// A memory does one thing a cycle: the write if it is to it, else the read of port 0, else that of port 1.
// Writes are never refused. A read is granted by `ready` in the cycle in which it is asked for (which depends
// on the write and, for port 1, on port 0); its row is at read_data gemmini_pkg::READ_CYCLES = 2 cycles later.

module scratchpad #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned LANE_BITS = 16,
  parameter int unsigned ROWS = 16384,
  parameter int unsigned BANKS = 4,
  parameter int unsigned SUB = 4,
  localparam int unsigned WIDTH = SIDE * LANE_BITS,
  localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
  input  logic                clock,
  input  logic                write_valid,
  input  logic [ROW_BITS-1:0] write_row,
  input  logic [    SIDE-1:0] write_mask,
  input  logic [   WIDTH-1:0] write_data,
  input  logic                read_valid_0,
  output logic                read_ready_0,
  input  logic [ROW_BITS-1:0] read_row_0,
  output logic [   WIDTH-1:0] read_data_0,
  input  logic                read_valid_1,
  output logic                read_ready_1,
  input  logic [ROW_BITS-1:0] read_row_1,
  output logic [   WIDTH-1:0] read_data_1
);

  localparam int unsigned MEMORIES = BANKS * SUB;
  localparam int unsigned MEMORY_BITS = $clog2(MEMORIES) > 0 ? $clog2(MEMORIES) : 1;
  localparam int unsigned PLACE_BITS = $clog2(ROWS / MEMORIES);

  logic [MEMORY_BITS-1:0] write_memory;
  logic [MEMORY_BITS-1:0] memory_0;
  logic [MEMORY_BITS-1:0] memory_1;
  logic [ PLACE_BITS-1:0] write_place;
  logic [ PLACE_BITS-1:0] place_0;
  logic [ PLACE_BITS-1:0] place_1;

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_write (
    .row   (write_row),
    .memory(write_memory),
    .place (write_place)
  );

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_read_0 (
    .row   (read_row_0),
    .memory(memory_0),
    .place (place_0)
  );

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_read_1 (
    .row   (read_row_1),
    .memory(memory_1),
    .place (place_1)
  );

  assign read_ready_0 = !(write_valid && write_memory == memory_0);
  assign read_ready_1 = !(write_valid && write_memory == memory_1) && !(read_valid_0 && memory_0 == memory_1);

  logic [MEMORIES*WIDTH-1:0] rows;

  generate
    genvar i;
    for (i = 0; i < MEMORIES; i = i + 1) begin : gen_memories
      wire writes = write_valid && write_memory == MEMORY_BITS'(i);
      wire reads_0 = read_valid_0 && memory_0 == MEMORY_BITS'(i);
      wire reads_1 = read_valid_1 && memory_1 == MEMORY_BITS'(i);
      memory_bank #(
        .ROWS     (ROWS / MEMORIES),
        .LANES    (SIDE),
        .LANE_BITS(LANE_BITS)
      ) memory (
        .clock     (clock),
        .enable    (writes || reads_0 || reads_1),
        .write     (writes),
        .mask      (write_mask),
        .row       (writes ? write_place : reads_0 ? place_0 : place_1),
        .write_data(write_data),
        .read_data (rows[i*WIDTH+:WIDTH])
      );
    end
  endgenerate

  logic [MEMORY_BITS-1:0] chosen_0;
  logic [MEMORY_BITS-1:0] chosen_1;
  always_ff @(posedge clock) begin
    chosen_0 <= memory_0;
    chosen_1 <= memory_1;
    read_data_0 <= rows[chosen_0*WIDTH+:WIDTH];
    read_data_1 <= rows[chosen_1*WIDTH+:WIDTH];
  end

endmodule
