// Carries out move-ins: reads rows of main memory, makes local rows of them, multiplies them by the channel's
// factor and writes them to the scratchpad or the accumulator, in the order of the commands.
//
// Memory answers by id, in any order, and is never told to wait. `complete`: the oldest command's last row is
// written, or in the accumulator's pipeline. Scaling takes SCALE_STAGES cycles. Only with SCRATCHPAD_REFUSES does a row
// wait for scratchpad_ready.

module load_controller #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned COLUMN_BITS = 6,
  parameter int unsigned DMA_BYTES = 64,
  parameter int unsigned REQUESTS = 16,
  parameter int unsigned SCALE_STAGES = 3,
  parameter bit SCALE_ADDS_ZERO = 1,
  parameter bit DSP = 0,
  parameter bit SCRATCHPAD_REFUSES = 0,
  localparam int unsigned W = EXP + SIG,
  localparam int unsigned WIDTH = SIDE * W,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned ID_BITS = $clog2(REQUESTS),
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
  output logic                    complete,
  output logic                    requesting,
  output logic                    outstanding,
  output logic                    read_valid,
  input  logic                    read_ready,
  output logic [ADDRESS_BITS-1:0] read_address,
  output logic [             1:0] read_size,
  output logic [     ID_BITS-1:0] read_id,
  input  logic                    data_valid,
  input  logic [     ID_BITS-1:0] data_id,
  input  logic [           127:0] data,
  output logic                    scratchpad_valid,
  input  logic                    scratchpad_ready,
  output logic                    accumulator_valid,
  input  logic                    accumulator_ready,
  output logic                    write_adds,
  output logic [    ROW_BITS-1:0] write_row,
  output logic [        SIDE-1:0] write_mask,
  output logic [       WIDTH-1:0] write_data
);

  // ---- Requests.

  logic row_valid, row_ready, row_zeros, row_last, row_accumulator, row_adds;
  logic [ROW_BITS-1:0] row_local, row_block_stride;
  logic [COLUMN_BITS-1:0] row_columns;
  logic [SIZE_BITS-1:0] row_copies;
  logic [W-1:0] row_scale;
  logic [3:0] row_shift;
  logic [6:0] row_bytes;
  logic request_valid;
  logic [1:0] first_beat, last_beat;
  logic room;
  logic rows_ready, shifts_ready;

  read_requester #(
    .SIDE       (SIDE),
    .EXP        (EXP),
    .SIG        (SIG),
    .ROW_BITS   (ROW_BITS),
    .COLUMN_BITS(COLUMN_BITS),
    .DMA_BYTES  (DMA_BYTES)
  ) requester (
    .clock               (clock),
    .reset               (reset),
    .command_valid       (command_valid),
    .command_ready       (command_ready),
    .command_address     (command_address),
    .command_row         (command_row),
    .command_accumulator (command_accumulator),
    .command_adds        (command_adds),
    .command_rows        (command_rows),
    .command_columns     (command_columns),
    .command_stride      (command_stride),
    .command_block_stride(command_block_stride),
    .command_scale       (command_scale),
    .busy                (requesting),
    .row_valid           (row_valid),
    .row_ready           (row_ready),
    .row_zeros           (row_zeros),
    .row_last            (row_last),
    .row_local           (row_local),
    .row_accumulator     (row_accumulator),
    .row_adds            (row_adds),
    .row_columns         (row_columns),
    .row_copies          (row_copies),
    .row_block_stride    (row_block_stride),
    .row_scale           (row_scale),
    .row_shift           (row_shift),
    .row_bytes           (row_bytes),
    .read_valid          (request_valid),
    .read_ready          (room && read_ready),
    .read_address        (read_address),
    .read_size           (read_size),
    .read_first_beat     (first_beat),
    .read_last_beat      (last_beat)
  );

  assign read_valid = request_valid && room;
  assign row_ready = rows_ready && shifts_ready;

  logic beat_valid, beat_ready;
  logic [127:0] beat;

  read_buffer #(
    .REQUESTS (REQUESTS),
    .BEAT_BITS(128)
  ) buffer (
    .clock      (clock),
    .reset      (reset),
    .request    (read_valid && read_ready),
    .first_beat (first_beat),
    .last_beat  (last_beat),
    .size       (read_size),
    .room       (room),
    .id         (read_id),
    .outstanding(outstanding),
    .in_valid   (data_valid),
    .in_id      (data_id),
    .in_data    (data),
    .out_valid  (beat_valid),
    .out_ready  (beat_ready),
    .out_data   (beat)
  );

  // ---- Local rows.

  localparam int unsigned DESCRIPTION = 4 + 2 * ROW_BITS + COLUMN_BITS + SIZE_BITS + W;
  logic out_row_valid, out_row_ready;
  logic at_zeros, at_last, at_accumulator, at_adds;
  logic [ROW_BITS-1:0] at_local, at_block_stride;
  logic [COLUMN_BITS-1:0] at_columns;
  logic [SIZE_BITS-1:0] at_copies;
  logic [W-1:0] at_scale;
  logic [4:0] rows_count, shifts_count;
  wire unused_counts = &{1'b0, rows_count, shifts_count};

  fifo #(
    .WIDTH(DESCRIPTION),
    .DEPTH(16)
  ) rows_read (
    .clock    (clock),
    .reset    (reset),
    .in_valid (row_valid && row_ready),
    .in_ready (rows_ready),
    .in_data  ({
      row_zeros,
      row_last,
      row_accumulator,
      row_adds,
      row_local,
      row_block_stride,
      row_columns,
      row_copies,
      row_scale
    }),
    .out_valid(out_row_valid),
    .out_ready(out_row_ready),
    .out_data ({
      at_zeros,
      at_last,
      at_accumulator,
      at_adds,
      at_local,
      at_block_stride,
      at_columns,
      at_copies,
      at_scale
    }),
    .count    (rows_count)
  );

  logic shift_valid, shift_ready;
  logic [3:0] shift_bytes;
  logic [6:0] shift_length;

  fifo #(
    .WIDTH(11),
    .DEPTH(16)
  ) shifts (
    .clock    (clock),
    .reset    (reset),
    .in_valid (row_valid && row_ready && !row_zeros),
    .in_ready (shifts_ready),
    .in_data  ({row_shift, row_bytes}),
    .out_valid(shift_valid),
    .out_ready(shift_ready),
    .out_data ({shift_bytes, shift_length}),
    .count    (shifts_count)
  );

  logic assembled_valid, assembled_ready, assembled_last;
  logic [ROW_BITS-1:0] assembled_row;
  logic [SIZE_BITS-1:0] assembled_columns;
  logic [WIDTH-1:0] assembled;

  row_assembler #(
    .SIDE       (SIDE),
    .W          (W),
    .ROW_BITS   (ROW_BITS),
    .COLUMN_BITS(COLUMN_BITS)
  ) assembler (
    .clock           (clock),
    .reset           (reset),
    .shift_valid     (shift_valid),
    .shift_ready     (shift_ready),
    .shift_bytes     (shift_bytes),
    .shift_length    (shift_length),
    .beat_valid      (beat_valid),
    .beat_ready      (beat_ready),
    .beat_data       (beat),
    .row_valid       (out_row_valid),
    .row_ready       (out_row_ready),
    .row_zeros       (at_zeros),
    .row_last        (at_last),
    .row_local       (at_local),
    .row_columns     (at_columns),
    .row_copies      (at_copies),
    .row_block_stride(at_block_stride),
    .out_valid       (assembled_valid),
    .out_ready       (assembled_ready),
    .out_row         (assembled_row),
    .out_columns     (assembled_columns),
    .out_last        (assembled_last),
    .out_data        (assembled)
  );

  // ---- The scaler never waits; a row enters it if the queue behind it has room for all that are inside.

  localparam int unsigned WRITES = SCALE_STAGES + 2;
  localparam int unsigned UNDER_WAY_BITS = $clog2(WRITES + 1);
  localparam int unsigned MARKS = 3 + ROW_BITS + SIZE_BITS;
  logic [UNDER_WAY_BITS-1:0] under_way;
  logic written;
  wire enters = assembled_valid && assembled_ready;
  assign assembled_ready = under_way != UNDER_WAY_BITS'(WRITES);

  always_ff @(posedge clock) begin
    if (reset) begin
      under_way <= '0;
    end else begin
      under_way <= under_way + UNDER_WAY_BITS'(enters) - UNDER_WAY_BITS'(written);
    end
  end

  logic scaled_valid;
  logic [MARKS-1:0] scaled_marks;
  logic [WIDTH-1:0] scaled;

  scale #(
    .EXP      (EXP),
    .SIG      (SIG),
    .SIDE     (SIDE),
    .STAGES   (SCALE_STAGES),
    .ADDS_ZERO(SCALE_ADDS_ZERO),
    .DSP      (DSP)
  ) scaler (
    .clock (clock),
    .row   (assembled),
    .factor(at_scale),
    .relu  (1'b0),
    .result(scaled)
  );

  delay #(
    .WIDTH (MARKS),
    .STAGES(SCALE_STAGES)
  ) marks (
    .clock(clock),
    .in   ({assembled_last, at_accumulator, at_adds, assembled_row, assembled_columns}),
    .out  (scaled_marks)
  );

  valid_delay #(
    .WIDTH (1),
    .STAGES(SCALE_STAGES)
  ) valids (
    .clock(clock),
    .reset(reset),
    .in   (enters),
    .out  (scaled_valid)
  );

  logic write_valid, write_last, to_accumulator, writes_ready;
  logic [SIZE_BITS-1:0] columns;
  logic [UNDER_WAY_BITS-1:0] writes_count;
  wire unused_writes = &{1'b0, writes_count};

  fifo #(
    .WIDTH(MARKS + WIDTH),
    .DEPTH(WRITES)
  ) writes (
    .clock    (clock),
    .reset    (reset),
    .in_valid (scaled_valid),
    .in_ready (writes_ready),
    .in_data  ({scaled_marks, scaled}),
    .out_valid(write_valid),
    .out_ready(written),
    .out_data ({write_last, to_accumulator, write_adds, write_row, columns, write_data}),
    .count    (writes_count)
  );

  assign scratchpad_valid = write_valid && !to_accumulator;
  assign accumulator_valid = write_valid && to_accumulator;
  wire scratchpad_takes = !SCRATCHPAD_REFUSES || scratchpad_ready;
  assign written = write_valid && (to_accumulator ? accumulator_ready : scratchpad_takes);
  assign complete = written && write_last;

  generate
    genvar i;
    for (i = 0; i < SIDE; i = i + 1) begin : gen_mask
      assign write_mask[i] = columns > SIZE_BITS'(i);
    end
  endgenerate

  never_check no_row_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens(scaled_valid && !writes_ready)
  );

  handshake_check #(
    .WIDTH(ROW_BITS + 2 + SIDE + WIDTH)
  ) local_row (
    .clock(clock),
    .reset(reset),
    .valid(write_valid),
    .ready(written),
    .data ({to_accumulator, write_row, write_adds, write_mask, write_data})
  );

endmodule
