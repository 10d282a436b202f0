// Turns move-ins into reads of main memory. A row in memory becomes one `row` (which says where it goes, for
// row_assembler.sv) and one to three transactions, one a cycle. A move-in of zeros (address 0) becomes one row
// that all its local rows repeat, without transactions; one with a stride of 0 likewise, with those of one row.
//
// A row is handed on in the cycle of its first transaction. The next command is taken in the cycle in which the
// last of one leaves.

module read_requester #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned COLUMN_BITS = 6,
  parameter int unsigned DMA_BYTES = 64,
  localparam int unsigned W = EXP + SIG,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS,
  localparam int unsigned STRIDE_BITS = gemmini_pkg::STRIDE_BITS
) (
  input  logic                    clock,
  input  logic                    reset,
  input  logic                    command_valid,
  output logic                    command_ready,
  input  logic [ADDRESS_BITS-1:0] command_address,
  input  logic [    ROW_BITS-1:0] command_row,
  input  logic                    command_accumulator,
  input  logic                    command_adds,
  input  logic [   SIZE_BITS-1:0] command_rows,
  input  logic [ COLUMN_BITS-1:0] command_columns,
  input  logic [ STRIDE_BITS-1:0] command_stride,
  input  logic [    ROW_BITS-1:0] command_block_stride,
  input  logic [           W-1:0] command_scale,
  output logic                    busy,
  // Rows.
  output logic                    row_valid,
  input  logic                    row_ready,
  output logic                    row_zeros,
  output logic                    row_last,            // of its command
  output logic [    ROW_BITS-1:0] row_local,
  output logic                    row_accumulator,
  output logic                    row_adds,
  output logic [ COLUMN_BITS-1:0] row_columns,
  output logic [   SIZE_BITS-1:0] row_copies,
  output logic [    ROW_BITS-1:0] row_block_stride,
  output logic [           W-1:0] row_scale,
  output logic [             3:0] row_shift,           // bytes in front of it in its first beat
  output logic [             6:0] row_bytes,
  // Transactions.
  output logic                    read_valid,
  input  logic                    read_ready,
  output logic [ADDRESS_BITS-1:0] read_address,
  output logic [             1:0] read_size,
  output logic [             1:0] read_first_beat,
  output logic [             1:0] read_last_beat
);

  localparam int unsigned BYTE_SHIFT = $clog2(W / 8);
  localparam logic [W-1:0] ONE = W'((2 ** (EXP - 1) - 1) << (SIG - 1));

  logic [ADDRESS_BITS-1:0] row_address;
  logic [ADDRESS_BITS-1:0] cursor;
  logic [6:0] left;
  logic [SIZE_BITS-1:0] rows_left;
  logic begun;  // a transaction of the present row has left
  logic zeros;
  logic [STRIDE_BITS-1:0] stride;

  logic [6:0] useful;
  logic [5:0] offset;
  packet #(
    .DMA_BYTES(DMA_BYTES)
  ) next_packet (
    .address   (cursor[5:0]),
    .left      (left),
    .size      (read_size),
    .useful    (useful),
    .offset    (offset),
    .first_beat(read_first_beat),
    .last_beat (read_last_beat)
  );

  assign read_address = cursor - ADDRESS_BITS'(offset);
  assign read_valid = busy && !zeros && (begun || row_ready);
  assign row_valid = busy && !begun && (zeros || read_ready);
  wire sent = read_valid && read_ready;
  wire row_sent = zeros ? row_valid && row_ready : sent && useful == left;
  wire last_sent = row_sent && row_last;

  assign row_zeros = zeros;
  assign row_last = rows_left == SIZE_BITS'(1);
  assign row_shift = cursor[3:0];
  assign row_bytes = left;
  assign command_ready = !busy || last_sent;

  wire repeats = command_address == '0 || command_stride == '0;
  wire [6:0] command_bytes = 7'(command_columns) << BYTE_SHIFT;
  wire take = command_valid && command_ready;
  wire [ADDRESS_BITS-1:0] next_address = row_address + ADDRESS_BITS'(stride);
  logic [6:0] bytes;

  always_ff @(posedge clock) begin
    if (take) begin
      row_address <= command_address;
      cursor <= command_address;
      stride <= command_stride;
      bytes <= command_bytes;
      left <= command_bytes;
      begun <= 1'b0;
      zeros <= command_address == '0;
      rows_left <= repeats ? SIZE_BITS'(1) : command_rows;
      row_copies <= repeats ? command_rows : SIZE_BITS'(1);
      row_local <= command_row;
      row_accumulator <= command_accumulator;
      row_adds <= command_adds;
      row_columns <= command_columns;
      row_block_stride <= command_block_stride;
      row_scale <= command_address == '0 ? ONE : command_scale;
    end else if (row_sent) begin
      row_address <= next_address;
      cursor <= next_address;
      left <= bytes;
      begun <= 1'b0;
      rows_left <= rows_left - 1'b1;
      row_local <= row_local + 1'b1;
    end else if (sent) begin
      cursor <= cursor + ADDRESS_BITS'(useful);
      left <= left - useful;
      begun <= 1'b1;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      busy <= 1'b0;
    end else if (take) begin
      busy <= 1'b1;
    end else if (last_sent) begin
      busy <= 1'b0;
    end
  end

endmodule
