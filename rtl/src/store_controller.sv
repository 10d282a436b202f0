// Carries out move-outs: reads local rows, of the accumulator through ReLU and scaler, packs them into beats and
// writes them to main memory.
//
// Local rows are asked for one a cycle, those of a row of memory one after the other. `complete`: the last row of
// the command is read; `outstanding`: something is not in memory yet. Scaling takes SCALE_STAGES cycles.
//
// With SCALES_OPERANDS the scaler also serves operands of multiplications in the accumulator: if operand_read says that
// the row which the accumulator gives in this cycle is one, it is at scaled_operand, by operand_relu and operand_scale,
// gemmini_pkg::READ_CYCLES + SCALE_STAGES cycles later.

module store_controller #(
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
  parameter bit SCALES_OPERANDS = 0,
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
  input  logic                    command_full,
  input  logic [   SIZE_BITS-1:0] command_rows,
  input  logic [ COLUMN_BITS-1:0] command_columns,
  input  logic [ STRIDE_BITS-1:0] command_stride,
  input  logic [           W-1:0] command_scale,
  input  logic                    command_relu,
  output logic                    complete,
  output logic                    reading,
  output logic                    refused,            // a row is asked for and not given
  output logic                    sending,
  output logic                    outstanding,
  output logic                    accumulator_valid,
  input  logic                    accumulator_ready,
  input  logic [       WIDTH-1:0] accumulator_data,
  output logic                    scratchpad_valid,
  input  logic                    scratchpad_ready,
  input  logic [       WIDTH-1:0] scratchpad_data,
  output logic [    ROW_BITS-1:0] read_row,
  input  logic                    operand_read,
  input  logic                    operand_relu,
  input  logic [           W-1:0] operand_scale,
  output logic [       WIDTH-1:0] scaled_operand,
  output logic                    write_valid,
  input  logic                    write_ready,
  output logic [ADDRESS_BITS-1:0] write_address,
  output logic [             1:0] write_size,
  output logic [     ID_BITS-1:0] write_id,
  output logic                    write_last,
  output logic [           127:0] write_data,
  output logic [            15:0] write_mask,
  input  logic                    ack_valid,
  input  logic [     ID_BITS-1:0] ack_id
);

  localparam int unsigned BYTE_SHIFT = $clog2(W / 8);
  localparam int unsigned BEAT_ELEMENTS = 128 / W;
  localparam int unsigned SHIFT_BITS = $clog2(BEAT_ELEMENTS);

  // ---- Local rows of the command: of each row of memory all blocks, then of the next.

  logic [ADDRESS_BITS-1:0] address;
  logic [STRIDE_BITS-1:0] stride;
  logic [ROW_BITS-1:0] first_row;
  logic [SIZE_BITS-1:0] rows_left;
  logic [COLUMN_BITS-1:0] columns;
  logic [COLUMN_BITS-1:0] columns_left;
  logic accumulator, full, relu;
  logic [W-1:0] factor;

  wire first_block = columns_left == columns;
  wire last_block = columns_left <= COLUMN_BITS'(SIDE);
  wire last_row = rows_left == SIZE_BITS'(1);

  logic room, rows_room;
  wire asks = reading && room && (!first_block || rows_room);
  assign accumulator_valid = asks && accumulator;
  assign scratchpad_valid = asks && !accumulator;
  wire given = accumulator ? accumulator_ready : scratchpad_ready;
  wire read = asks && given;
  assign refused = asks && !given;
  assign complete = read && last_block && last_row;
  assign command_ready = !reading || complete;

  always_ff @(posedge clock) begin
    if (command_valid && command_ready) begin
      address <= command_address;
      stride <= command_stride;
      first_row <= command_row;
      read_row <= command_row;
      rows_left <= command_rows;
      columns <= command_columns;
      columns_left <= command_columns;
      accumulator <= command_accumulator;
      full <= command_full;
      relu <= command_relu;
      factor <= command_scale;
    end else if (read) begin
      if (last_block) begin
        address <= address + ADDRESS_BITS'(stride);
        rows_left <= rows_left - 1'b1;
        columns_left <= columns;
        first_row <= first_row + 1'b1;
        read_row <= first_row + 1'b1;
      end else begin
        columns_left <= columns_left - COLUMN_BITS'(SIDE);
        read_row <= read_row + ROW_BITS'(SIDE);
      end
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      reading <= 1'b0;
    end else begin
      reading <= (command_valid && command_ready) || (reading && !complete);
    end
  end

  // ---- Through ReLU and scaler, or beside them. What is on its way has room in the queue behind.

  localparam int unsigned UNDER_WAY = gemmini_pkg::READ_CYCLES + SCALE_STAGES + 2;
  localparam int unsigned UNDER_WAY_BITS = $clog2(UNDER_WAY + 1);
  localparam int unsigned MARKS = 1 + SHIFT_BITS + SIZE_BITS;
  logic [UNDER_WAY_BITS-1:0] under_way;
  logic packed_row;
  assign room = under_way != UNDER_WAY_BITS'(UNDER_WAY);
  always_ff @(posedge clock) begin
    if (reset) begin
      under_way <= '0;
    end else begin
      under_way <= under_way + UNDER_WAY_BITS'(read) - UNDER_WAY_BITS'(packed_row);
    end
  end

  logic row_raw, row_of_accumulator, row_relu, scaled_raw;
  logic [W-1:0] row_factor;
  wire scales_operand = SCALES_OPERANDS && operand_read;
  delay #(
    .WIDTH (3 + W),
    .STAGES(gemmini_pkg::READ_CYCLES)
  ) while_reading (
    .clock(clock),
    .in   ({
      full || !accumulator,
      accumulator,
      scales_operand ? operand_relu : relu,
      scales_operand ? operand_scale : factor
    }),
    .out  ({row_raw, row_of_accumulator, row_relu, row_factor})
  );

  wire [WIDTH-1:0] row = row_of_accumulator ? accumulator_data : scratchpad_data;
  logic [WIDTH-1:0] scaled;
  logic [WIDTH-1:0] raw;

  scale #(
    .EXP      (EXP),
    .SIG      (SIG),
    .SIDE     (SIDE),
    .STAGES   (SCALE_STAGES),
    .ADDS_ZERO(SCALE_ADDS_ZERO),
    .DSP      (DSP)
  ) scaler (
    .clock (clock),
    .row   (SCALES_OPERANDS ? accumulator_data : row),
    .factor(row_factor),
    .relu  (row_relu),
    .result(scaled)
  );
  assign scaled_operand = SCALES_OPERANDS ? scaled : '0;

  delay #(
    .WIDTH (WIDTH + 1),
    .STAGES(SCALE_STAGES)
  ) beside_the_scaler (
    .clock(clock),
    .in   ({row_raw, row}),
    .out  ({scaled_raw, raw})
  );

  logic scaled_valid;
  logic [MARKS-1:0] scaled_marks;
  wire [SIZE_BITS-1:0] block_columns = last_block ? SIZE_BITS'(columns_left) : SIZE_BITS'(SIDE);
  wire [SHIFT_BITS-1:0] shift = address[BYTE_SHIFT+:SHIFT_BITS];
  delay #(
    .WIDTH (MARKS),
    .STAGES(gemmini_pkg::READ_CYCLES + SCALE_STAGES)
  ) marks (
    .clock(clock),
    .in   ({last_block, shift, block_columns}),
    .out  (scaled_marks)
  );

  valid_delay #(
    .WIDTH (1),
    .STAGES(gemmini_pkg::READ_CYCLES + SCALE_STAGES)
  ) valids (
    .clock(clock),
    .reset(reset),
    .in   (read),
    .out  (scaled_valid)
  );

  logic row_valid, row_last, rows_ready;
  logic [SHIFT_BITS-1:0] row_shift;
  logic [SIZE_BITS-1:0] row_columns;
  logic [WIDTH-1:0] row_data;
  logic [UNDER_WAY_BITS-1:0] rows_waiting;
  wire unused_rows = &{1'b0, rows_waiting};

  fifo #(
    .WIDTH(MARKS + WIDTH),
    .DEPTH(UNDER_WAY)
  ) scaled_rows (
    .clock    (clock),
    .reset    (reset),
    .in_valid (scaled_valid),
    .in_ready (rows_ready),
    .in_data  ({scaled_marks, scaled_raw ? raw : scaled}),
    .out_valid(row_valid),
    .out_ready(packed_row),
    .out_data ({row_last, row_shift, row_columns, row_data}),
    .count    (rows_waiting)
  );

  // ---- Beats. A local row that is wider than a beat goes to the packer in parts.

  logic part_valid, part_ready, part_last, beat_valid, beat_ready;
  logic [SHIFT_BITS:0] part_count;
  logic [127:0] beat;
  logic [BEAT_ELEMENTS-1:0] beat_mask;
  localparam int unsigned PART_ELEMENTS = SIDE < BEAT_ELEMENTS ? SIDE : BEAT_ELEMENTS;
  logic [PART_ELEMENTS*W-1:0] part;

  generate
    if (SIDE <= BEAT_ELEMENTS) begin : gen_rows
      assign part_valid = row_valid;
      assign part_last = row_last;
      assign part_count = (SHIFT_BITS + 1)'(row_columns);
      assign part = row_data;
      assign packed_row = row_valid && part_ready;
    end else begin : gen_parts
      localparam int unsigned PARTS = SIDE / BEAT_ELEMENTS;
      logic [$clog2(PARTS)-1:0] number;
      wire [SIZE_BITS-1:0] earlier = SIZE_BITS'(number) << SHIFT_BITS;
      wire [SIZE_BITS-1:0] left = row_columns - earlier;
      wire ends = left <= SIZE_BITS'(BEAT_ELEMENTS);
      assign part_valid = row_valid;
      assign part_last = row_last && ends;
      assign part_count = ends ? (SHIFT_BITS + 1)'(left) : (SHIFT_BITS + 1)'(BEAT_ELEMENTS);
      assign part = row_data[number*128+:128];
      assign packed_row = row_valid && part_ready && ends;
      always_ff @(posedge clock) begin
        if (reset) begin
          number <= '0;
        end else if (part_valid && part_ready) begin
          number <= ends ? '0 : number + 1'b1;
        end
      end
    end
  endgenerate

  row_packer #(
    .ELEMENTS(PART_ELEMENTS),
    .W       (W)
  ) packer (
    .clock    (clock),
    .reset    (reset),
    .in_valid (part_valid),
    .in_ready (part_ready),
    .in_last  (part_last),
    .in_shift (row_shift),
    .in_count (part_count),
    .in_data  (part),
    .out_valid(beat_valid),
    .out_ready(beat_ready),
    .out_data (beat),
    .out_mask (beat_mask)
  );

  localparam int unsigned BEATS = 16;
  localparam int unsigned BEATS_BITS = $clog2(BEATS + 1);
  logic [BEATS_BITS-1:0] beats;
  logic beat_there, beat_taken;
  logic [127:0] next_beat;
  logic [BEAT_ELEMENTS-1:0] next_mask;

  fifo #(
    .WIDTH(128 + BEAT_ELEMENTS),
    .DEPTH(BEATS)
  ) packed_beats (
    .clock    (clock),
    .reset    (reset),
    .in_valid (beat_valid),
    .in_ready (beat_ready),
    .in_data  ({beat_mask, beat}),
    .out_valid(beat_there),
    .out_ready(beat_taken),
    .out_data ({next_mask, next_beat}),
    .count    (beats)
  );

  // ---- Rows of memory.

  localparam int unsigned ROWS = 16;
  logic memory_row_valid, memory_row_ready, unacknowledged;
  logic [ADDRESS_BITS-1:0] memory_row_address;
  logic [6:0] memory_row_bytes;
  logic [$clog2(ROWS+1)-1:0] memory_rows;
  wire unused_memory_rows = &{1'b0, memory_rows};

  fifo #(
    .WIDTH(ADDRESS_BITS + 7),
    .DEPTH(ROWS)
  ) rows_of_memory (
    .clock    (clock),
    .reset    (reset),
    .in_valid (read && first_block),
    .in_ready (rows_room),
    .in_data  ({address, 7'(columns) << BYTE_SHIFT}),
    .out_valid(memory_row_valid),
    .out_ready(memory_row_ready),
    .out_data ({memory_row_address, memory_row_bytes}),
    .count    (memory_rows)
  );

  write_sender #(
    .DMA_BYTES (DMA_BYTES),
    .REQUESTS  (REQUESTS),
    .MASK_BITS (BEAT_ELEMENTS),
    .COUNT_BITS(BEATS_BITS)
  ) sender (
    .clock        (clock),
    .reset        (reset),
    .row_valid    (memory_row_valid),
    .row_ready    (memory_row_ready),
    .row_address  (memory_row_address),
    .row_bytes    (memory_row_bytes),
    .beats        (beats),
    .beat_taken   (beat_taken),
    .beat_data    (next_beat),
    .beat_mask    (next_mask),
    .busy         (sending),
    .outstanding  (unacknowledged),
    .write_valid  (write_valid),
    .write_ready  (write_ready),
    .write_address(write_address),
    .write_size   (write_size),
    .write_id     (write_id),
    .write_last   (write_last),
    .write_data   (write_data),
    .write_mask   (write_mask),
    .ack_valid    (ack_valid),
    .ack_id       (ack_id)
  );

  assign outstanding = reading || memory_row_valid || unacknowledged;

  never_check no_row_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens(scaled_valid && !rows_ready)
  );

  never_check no_beat_before_it_came (
    .clock  (clock),
    .reset  (reset),
    .happens(beat_taken && !beat_there)
  );

endmodule
