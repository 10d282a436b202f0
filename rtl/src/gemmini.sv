// The accelerator: commands of a core in, a port to main memory out.
//
// Commands come as RoCC's, by valid/ready; only COUNTER answers, by response_*. `busy`: something that a command asked
// for has not been done, writes to memory included; a PRELOAD that waits for its COMPUTE does not count.
// Memory port: reads of 16 << size bytes, naturally aligned, answered in beats of 16 bytes, those of one read in their
// order and one after the other, reads among each other in any; no answer is refused. Writes likewise, a beat a
// cycle, with a mask by byte; write_last marks the last beat of one; each is acknowledged, in any order. Ids of reads and
// writes are separate.
// Elements are floating-point numbers of EXP and SIG bits everywhere. Addresses and strides of moves are multiples of an
// element. Operands of multiplications may lie in the accumulator with EXECUTE_READS_ACCUMULATOR, results go to the
// scratchpad with EXECUTE_WRITES_SCRATCHPAD; without, nothing is there for it.

module gemmini #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned SCRATCHPAD_ROWS = 16384,
  parameter int unsigned SCRATCHPAD_BANKS = 4,
  parameter int unsigned ACCUMULATOR_ROWS = 4096,
  parameter int unsigned ACCUMULATOR_BANKS = 1,
  parameter int unsigned SUM_STAGES = 3,
  parameter int unsigned LOAD_SCALE_STAGES = 3,
  parameter int unsigned STORE_SCALE_STAGES = 3,
  parameter int unsigned SCALE_ADDS_ZERO = 1,
  parameter int unsigned EXECUTE_READS_ACCUMULATOR = 0,
  parameter int unsigned EXECUTE_WRITES_SCRATCHPAD = 0,
  parameter int unsigned RAW_QUEUE = 2,
  parameter int unsigned RESERVATION_LOAD = 8,
  parameter int unsigned RESERVATION_STORE = 4,
  parameter int unsigned RESERVATION_EXECUTE = 16,
  parameter int unsigned DMA_BYTES = 64,
  parameter int unsigned DMA_REQUESTS = 16,
  parameter int unsigned COUNTERS = 8,
  parameter int unsigned DSP = 0,
  localparam int unsigned ID_BITS = $clog2(DMA_REQUESTS),
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS
) (
  input  logic                    clock,
  input  logic                    reset,
  input  logic                    command_valid,
  output logic                    command_ready,
  input  logic [             6:0] command_funct,
  input  logic [            63:0] command_rs1,
  input  logic [            63:0] command_rs2,
  output logic                    response_valid,
  input  logic                    response_ready,
  output logic [            31:0] response_data,
  output logic                    busy,
  output logic                    read_valid,
  input  logic                    read_ready,
  output logic [ADDRESS_BITS-1:0] read_address,
  output logic [             1:0] read_size,
  output logic [     ID_BITS-1:0] read_id,
  input  logic                    data_valid,
  input  logic [     ID_BITS-1:0] data_id,
  input  logic [           127:0] data,
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

  localparam int unsigned W = EXP + SIG;
  localparam int unsigned WIDTH = SIDE * W;
  localparam int unsigned ELEMENT_BYTES = W / 8;
  localparam int unsigned ROW_BYTES = SIDE * ELEMENT_BYTES;
  localparam int unsigned MOST_COLUMNS = ROW_BYTES > DMA_BYTES ? SIDE : DMA_BYTES / ELEMENT_BYTES;
  localparam int unsigned BLOCK = ROW_BYTES > DMA_BYTES ? 1 : DMA_BYTES / ROW_BYTES;
  localparam int unsigned MOST_ROWS = SCRATCHPAD_ROWS > ACCUMULATOR_ROWS ? SCRATCHPAD_ROWS : ACCUMULATOR_ROWS;
  localparam int unsigned ROW_BITS = $clog2(MOST_ROWS);
  localparam int unsigned SCRATCHPAD_BITS = $clog2(SCRATCHPAD_ROWS);
  localparam int unsigned ACCUMULATOR_BITS = $clog2(ACCUMULATOR_ROWS);
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1;
  localparam int unsigned COLUMN_BITS = $clog2(MOST_COLUMNS) + 1;
  localparam int unsigned RANGE_BITS = 2 * ROW_BITS + 2;
  localparam int unsigned TILE_WIDTH = 1 + ROW_BITS + 2 * SIZE_BITS;
  localparam int unsigned STRIDE_BITS = gemmini_pkg::STRIDE_BITS;
  localparam int unsigned SUB = gemmini_pkg::sub_banks(SCRATCHPAD_ROWS / SCRATCHPAD_BANKS, SIDE, 4);
  localparam bit READS_ACCUMULATOR = EXECUTE_READS_ACCUMULATOR != 0;
  localparam bit WRITES_SCRATCHPAD = EXECUTE_WRITES_SCRATCHPAD != 0;
  localparam bit OPERANDS_MEET_RESULTS = READS_ACCUMULATOR || WRITES_SCRATCHPAD;
  localparam int unsigned ACCUMULATOR_SUB = gemmini_pkg::sub_banks(ACCUMULATOR_ROWS / ACCUMULATOR_BANKS, SIDE, 4);

  // ---- Commands: from the core, or of a loop, to the reservation station.

  logic decode_valid, room_load, room_store, room_execute, loop_active, command_waits;
  logic [6:0] decode_funct;
  logic [63:0] decode_rs1, decode_rs2;
  logic counter_command;
  logic [31:0] counter_rs1;

  front_end #(
    .SIDE            (SIDE),
    .ELEMENT_BYTES   (ELEMENT_BYTES),
    .BLOCK           (BLOCK),
    .SCRATCHPAD_ROWS (SCRATCHPAD_ROWS),
    .ACCUMULATOR_ROWS(ACCUMULATOR_ROWS),
    .RAW_QUEUE       (RAW_QUEUE)
  ) commands (
    .clock          (clock),
    .reset          (reset),
    .command_valid  (command_valid),
    .command_ready  (command_ready),
    .command_funct  (command_funct),
    .command_rs1    (command_rs1),
    .command_rs2    (command_rs2),
    .room_load      (room_load),
    .room_store     (room_store),
    .room_execute   (room_execute),
    .room_response  (!response_valid || response_ready),
    .decode_valid   (decode_valid),
    .decode_funct   (decode_funct),
    .decode_rs1     (decode_rs1),
    .decode_rs2     (decode_rs2),
    .counter_command(counter_command),
    .counter_rs1    (counter_rs1),
    .loop_active    (loop_active),
    .waiting        (command_waits)
  );

  logic load_valid, store_valid, execute_valid;
  logic [ADDRESS_BITS-1:0] move_address;
  logic [ROW_BITS-1:0] move_row, load_block_stride, a_stride, c_stride;
  logic move_accumulator, move_adds, move_full, store_relu;
  logic execute_flip, transpose_a, transpose_b, c_adds;
  logic a_accumulator, b_accumulator, d_accumulator, c_scratchpad, execute_relu;
  logic [SIZE_BITS-1:0] move_rows;
  logic [COLUMN_BITS-1:0] move_columns;
  logic [RANGE_BITS-1:0] move_range, a_range, b_range, c_range;
  logic [STRIDE_BITS-1:0] load_stride, store_stride;
  logic [W-1:0] load_scale, store_scale, operand_scale;
  logic [TILE_WIDTH-1:0] a_tile, b_tile, d_tile, c_tile;

  command_decoder #(
    .SIDE             (SIDE),
    .SCALE_BITS       (W),
    .SCRATCHPAD_ROWS  (SCRATCHPAD_ROWS),
    .ACCUMULATOR_ROWS (ACCUMULATOR_ROWS),
    .MOST_COLUMNS     (MOST_COLUMNS),
    .READS_ACCUMULATOR(READS_ACCUMULATOR),
    .WRITES_SCRATCHPAD(WRITES_SCRATCHPAD)
  ) decoder (
    .clock            (clock),
    .reset            (reset),
    .valid            (decode_valid),
    .funct            (decode_funct),
    .rs1              (decode_rs1),
    .rs2              (decode_rs2),
    .load_valid       (load_valid),
    .store_valid      (store_valid),
    .move_address     (move_address),
    .move_row         (move_row),
    .move_accumulator (move_accumulator),
    .move_adds        (move_adds),
    .move_full        (move_full),
    .move_rows        (move_rows),
    .move_columns     (move_columns),
    .move_range       (move_range),
    .load_stride      (load_stride),
    .load_block_stride(load_block_stride),
    .load_scale       (load_scale),
    .store_stride     (store_stride),
    .store_scale      (store_scale),
    .store_relu       (store_relu),
    .execute_valid    (execute_valid),
    .execute_flip     (execute_flip),
    .transpose_a      (transpose_a),
    .transpose_b      (transpose_b),
    .a_stride         (a_stride),
    .c_stride         (c_stride),
    .a_tile           (a_tile),
    .b_tile           (b_tile),
    .d_tile           (d_tile),
    .c_tile           (c_tile),
    .c_adds           (c_adds),
    .a_accumulator    (a_accumulator),
    .b_accumulator    (b_accumulator),
    .d_accumulator    (d_accumulator),
    .c_scratchpad     (c_scratchpad),
    .execute_relu     (execute_relu),
    .operand_scale    (operand_scale),
    .a_range          (a_range),
    .b_range          (b_range),
    .c_range          (c_range)
  );

  localparam int unsigned LOAD_WIDTH = ADDRESS_BITS + 2 * ROW_BITS + 2 + SIZE_BITS + COLUMN_BITS + STRIDE_BITS + W;
  localparam int unsigned STORE_WIDTH = ADDRESS_BITS + ROW_BITS + 3 + SIZE_BITS + COLUMN_BITS + STRIDE_BITS + W;
  localparam int unsigned TILES_WIDTH = 4 + 2 * ROW_BITS + 4 * TILE_WIDTH;
  localparam int unsigned PLACES_WIDTH = 5 + W;  // of operands and results in either memory
  localparam int unsigned EXECUTE_WIDTH = TILES_WIDTH + (OPERANDS_MEET_RESULTS ? PLACES_WIDTH : 0);

  logic load_issue, load_take, load_complete, store_issue, store_take, store_complete;
  logic execute_issue, execute_take, execute_complete;
  logic [LOAD_WIDTH-1:0] load_command;
  logic [STORE_WIDTH-1:0] store_command;
  logic [EXECUTE_WIDTH-1:0] execute_command;
  logic [$clog2(RESERVATION_LOAD+1)-1:0] load_count;
  logic [$clog2(RESERVATION_STORE+1)-1:0] store_count;
  logic [$clog2(RESERVATION_EXECUTE+1)-1:0] execute_count;

  reservation_station #(
    .ROW_BITS             (ROW_BITS),
    .LOAD_DEPTH           (RESERVATION_LOAD),
    .STORE_DEPTH          (RESERVATION_STORE),
    .EXECUTE_DEPTH        (RESERVATION_EXECUTE),
    .LOAD_WIDTH           (LOAD_WIDTH),
    .STORE_WIDTH          (STORE_WIDTH),
    .EXECUTE_WIDTH        (EXECUTE_WIDTH),
    .OPERANDS_MEET_RESULTS(OPERANDS_MEET_RESULTS)
  ) station (
    .clock              (clock),
    .reset              (reset),
    .allocate_load      (load_valid),
    .allocate_store     (store_valid),
    .allocate_execute   (execute_valid),
    .move_range         (move_range),
    .a_range            (a_range),
    .b_range            (b_range),
    .d_present          (d_tile[TILE_WIDTH-1]),
    .c_range            (c_range),
    .load_payload       ({
      move_address, move_row, move_accumulator, move_adds, move_rows, move_columns, load_stride, load_block_stride, load_scale
    }),
    .store_payload      ({
      move_address, move_row, move_accumulator, move_full, move_rows, move_columns, store_stride, store_scale, store_relu
    }),
    .execute_payload    (EXECUTE_WIDTH'({
      a_accumulator, b_accumulator, d_accumulator, c_scratchpad, execute_relu, operand_scale,
      execute_flip, transpose_a, transpose_b, a_stride, c_stride, a_tile, b_tile, d_tile, c_tile, c_adds
    })),
    .room_load          (room_load),
    .room_store         (room_store),
    .room_execute       (room_execute),
    .load_count         (load_count),
    .store_count        (store_count),
    .execute_count      (execute_count),
    .issue_load_valid   (load_issue),
    .issue_load_ready   (load_take),
    .issue_load         (load_command),
    .complete_load      (load_complete),
    .issue_store_valid  (store_issue),
    .issue_store_ready  (store_take),
    .issue_store        (store_command),
    .complete_store     (store_complete),
    .issue_execute_valid(execute_issue),
    .issue_execute_ready(execute_take),
    .issue_execute      (execute_command),
    .complete_execute   (execute_complete)
  );

  // ---- Move-ins.

  logic to_local, from_accumulator;  // a result goes to the scratchpad, an operand is read in the accumulator
  logic load_requesting, load_outstanding, to_scratchpad, to_accumulator, accumulator_takes, moved_adds;
  logic [ROW_BITS-1:0] moved_row;
  logic [SIDE-1:0] moved_mask;
  logic [WIDTH-1:0] moved_data;
  logic [ADDRESS_BITS-1:0] load_address;
  logic [ROW_BITS-1:0] load_row, load_blocks;
  logic load_accumulator, load_adds;
  logic [SIZE_BITS-1:0] load_rows;
  logic [COLUMN_BITS-1:0] load_columns;
  logic [STRIDE_BITS-1:0] load_apart;
  logic [W-1:0] load_factor;
  assign {load_address, load_row, load_accumulator, load_adds, load_rows, load_columns, load_apart, load_blocks, load_factor}
      = load_command;

  load_controller #(
    .SIDE              (SIDE),
    .EXP               (EXP),
    .SIG               (SIG),
    .ROW_BITS          (ROW_BITS),
    .COLUMN_BITS       (COLUMN_BITS),
    .DMA_BYTES         (DMA_BYTES),
    .REQUESTS          (DMA_REQUESTS),
    .SCALE_STAGES      (LOAD_SCALE_STAGES),
    .SCALE_ADDS_ZERO   (SCALE_ADDS_ZERO != 0),
    .DSP               (DSP != 0),
    .SCRATCHPAD_REFUSES(WRITES_SCRATCHPAD)
  ) load (
    .clock               (clock),
    .reset               (reset),
    .command_valid       (load_issue),
    .command_ready       (load_take),
    .command_address     (load_address),
    .command_row         (load_row),
    .command_accumulator (load_accumulator),
    .command_adds        (load_adds),
    .command_rows        (load_rows),
    .command_columns     (load_columns),
    .command_stride      (load_apart),
    .command_block_stride(load_blocks),
    .command_scale       (load_factor),
    .complete            (load_complete),
    .requesting          (load_requesting),
    .outstanding         (load_outstanding),
    .read_valid          (read_valid),
    .read_ready          (read_ready),
    .read_address        (read_address),
    .read_size           (read_size),
    .read_id             (read_id),
    .data_valid          (data_valid),
    .data_id             (data_id),
    .data                (data),
    .scratchpad_valid    (to_scratchpad),
    .scratchpad_ready    (!to_local),
    .accumulator_valid   (to_accumulator),
    .accumulator_ready   (accumulator_takes),
    .write_adds          (moved_adds),
    .write_row           (moved_row),
    .write_mask          (moved_mask),
    .write_data          (moved_data)
  );

  // ---- Multiplications.

  logic flip, x_transpose_a, x_transpose_b, x_adds;
  logic [ROW_BITS-1:0] x_a_stride, x_c_stride;
  logic [TILE_WIDTH-1:0] x_a, x_b, x_d, x_c;
  logic x_a_accumulator, x_b_accumulator, x_d_accumulator, x_c_scratchpad, x_relu;
  logic [W-1:0] x_scale;
  assign {
    x_a_accumulator, x_b_accumulator, x_d_accumulator, x_c_scratchpad, x_relu, x_scale,
    flip, x_transpose_a, x_transpose_b, x_a_stride, x_c_stride, x_a, x_b, x_d, x_c, x_adds
  } = (PLACES_WIDTH + TILES_WIDTH)'(execute_command);

  logic feeding, waiting_a, waiting_b, waiting_d;
  logic reads_0, given_0, reads_b, given_b, result_valid, result_adds;
  logic reads_operand, accumulator_gives, operand_relu, local_valid;
  logic [W-1:0] read_scale;
  logic [ROW_BITS-1:0] row_0, row_b, operand_row, result_row;
  logic [WIDTH-1:0] data_0, data_1, scaled_operand, result_data, local_data;
  logic [SIDE-1:0] result_mask;

  execute_controller #(
    .SIDE             (SIDE),
    .EXP              (EXP),
    .SIG              (SIG),
    .ROW_BITS         (ROW_BITS),
    .RESULT_BITS      (ACCUMULATOR_BITS),
    .SUM_STAGES       (SUM_STAGES),
    .DSP              (DSP != 0),
    .READS_ACCUMULATOR(READS_ACCUMULATOR),
    .WRITES_SCRATCHPAD(WRITES_SCRATCHPAD),
    .SCALE_STAGES     (STORE_SCALE_STAGES)
  ) execute (
    .clock                (clock),
    .reset                (reset),
    .command_valid        (execute_issue),
    .command_ready        (execute_take),
    .command_flip         (flip),
    .command_transpose_a  (x_transpose_a),
    .command_transpose_b  (x_transpose_b),
    .command_a_stride     (x_a_stride),
    .command_c_stride     (x_c_stride),
    .command_a            (x_a),
    .command_b            (x_b),
    .command_d            (x_d),
    .command_c            (x_c),
    .command_adds         (x_adds),
    .command_a_accumulator(x_a_accumulator),
    .command_b_accumulator(x_b_accumulator),
    .command_d_accumulator(x_d_accumulator),
    .command_c_scratchpad (x_c_scratchpad),
    .command_relu         (x_relu),
    .command_scale        (x_scale),
    .complete             (execute_complete),
    .feeding              (feeding),
    .waiting_a            (waiting_a),
    .waiting_b            (waiting_b),
    .waiting_d            (waiting_d),
    .read_valid_0         (reads_0),
    .read_ready_0         (given_0),
    .read_row_0           (row_0),
    .read_data_0          (data_0),
    .read_valid_1         (reads_b),
    .read_ready_1         (given_b),
    .read_row_1           (row_b),
    .read_data_1          (data_1),
    .operand_valid        (reads_operand),
    .operand_ready        (accumulator_gives),
    .operand_row          (operand_row),
    .operand_relu         (operand_relu),
    .operand_scale        (read_scale),
    .scaled_data          (scaled_operand),
    .result_valid         (result_valid),
    .local_valid          (local_valid),
    .result_adds          (result_adds),
    .result_row           (result_row),
    .result_mask          (result_mask),
    .result_data          (result_data),
    .local_data           (local_data)
  );

  // ---- Move-outs.

  logic [ADDRESS_BITS-1:0] store_address;
  logic [ROW_BITS-1:0] store_row, stored_row;
  logic store_accumulator, store_full, store_activated;
  logic [SIZE_BITS-1:0] store_rows;
  logic [COLUMN_BITS-1:0] store_columns;
  logic [STRIDE_BITS-1:0] store_apart;
  logic [W-1:0] store_factor;
  assign {
    store_address, store_row, store_accumulator, store_full, store_rows, store_columns, store_apart, store_factor,
    store_activated
  } = store_command;

  logic store_reading, store_refused, store_sending, store_outstanding;
  logic reads_accumulator, reads_scratchpad, given_1;
  logic [WIDTH-1:0] accumulator_data;

  store_controller #(
    .SIDE           (SIDE),
    .EXP            (EXP),
    .SIG            (SIG),
    .ROW_BITS       (ROW_BITS),
    .COLUMN_BITS    (COLUMN_BITS),
    .DMA_BYTES      (DMA_BYTES),
    .REQUESTS       (DMA_REQUESTS),
    .SCALE_STAGES   (STORE_SCALE_STAGES),
    .SCALE_ADDS_ZERO(SCALE_ADDS_ZERO != 0),
    .DSP            (DSP != 0),
    .SCALES_OPERANDS(READS_ACCUMULATOR)
  ) store (
    .clock              (clock),
    .reset              (reset),
    .command_valid      (store_issue),
    .command_ready      (store_take),
    .command_address    (store_address),
    .command_row        (store_row),
    .command_accumulator(store_accumulator),
    .command_full       (store_full),
    .command_rows       (store_rows),
    .command_columns    (store_columns),
    .command_stride     (store_apart),
    .command_scale      (store_factor),
    .command_relu       (store_activated),
    .complete           (store_complete),
    .reading            (store_reading),
    .refused            (store_refused),
    .sending            (store_sending),
    .outstanding        (store_outstanding),
    .accumulator_valid  (reads_accumulator),
    .accumulator_ready  (accumulator_gives && !from_accumulator),
    .accumulator_data   (accumulator_data),
    .scratchpad_valid   (reads_scratchpad),
    .scratchpad_ready   (given_1 && !reads_b),
    .scratchpad_data    (data_1),
    .read_row           (stored_row),
    .operand_read       (from_accumulator),
    .operand_relu       (operand_relu),
    .operand_scale      (read_scale),
    .scaled_operand     (scaled_operand),
    .write_valid        (write_valid),
    .write_ready        (write_ready),
    .write_address      (write_address),
    .write_size         (write_size),
    .write_id           (write_id),
    .write_last         (write_last),
    .write_data         (write_data),
    .write_mask         (write_mask),
    .ack_valid          (ack_valid),
    .ack_id             (ack_id)
  );

  // ---- Local memories. Port 1 of the scratchpad gives weights before rows of move-outs, the accumulator operands before
  // those; the scratchpad takes results before rows of move-ins.

  assign to_local = WRITES_SCRATCHPAD && local_valid;
  assign from_accumulator = READS_ACCUMULATOR && reads_operand;
  wire [ROW_BITS-1:0] local_row = to_local ? result_row : moved_row;
  wire [ROW_BITS-1:0] given_row = from_accumulator ? operand_row : stored_row;
  assign given_b = given_1;
  wire [ROW_BITS-1:0] row_1 = reads_b ? row_b : stored_row;
  wire unused_rows = &{1'b0, row_0, row_1, given_row, result_row, moved_row, local_row};

  scratchpad #(
    .SIDE     (SIDE),
    .LANE_BITS(W),
    .ROWS     (SCRATCHPAD_ROWS),
    .BANKS    (SCRATCHPAD_BANKS),
    .SUB      (SUB)
  ) local_scratchpad (
    .clock       (clock),
    .write_valid (to_scratchpad || to_local),
    .write_row   (local_row[SCRATCHPAD_BITS-1:0]),
    .write_mask  (to_local ? result_mask : moved_mask),
    .write_data  (to_local ? local_data : moved_data),
    .read_valid_0(reads_0),
    .read_ready_0(given_0),
    .read_row_0  (row_0[SCRATCHPAD_BITS-1:0]),
    .read_data_0 (data_0),
    .read_valid_1(reads_b || reads_scratchpad),
    .read_ready_1(given_1),
    .read_row_1  (row_1[SCRATCHPAD_BITS-1:0]),
    .read_data_1 (data_1)
  );

  accumulator #(
    .SIDE (SIDE),
    .EXP  (EXP),
    .SIG  (SIG),
    .ROWS (ACCUMULATOR_ROWS),
    .BANKS(ACCUMULATOR_BANKS),
    .SUB  (ACCUMULATOR_SUB)
  ) local_accumulator (
    .clock       (clock),
    .reset       (reset),
    .result_valid(result_valid),
    .result_adds (result_adds),
    .result_row  (result_row[ACCUMULATOR_BITS-1:0]),
    .result_mask (result_mask),
    .result_data (result_data),
    .move_valid  (to_accumulator),
    .move_ready  (accumulator_takes),
    .move_adds   (moved_adds),
    .move_row    (moved_row[ACCUMULATOR_BITS-1:0]),
    .move_mask   (moved_mask),
    .move_data   (moved_data),
    .read_valid  (reads_accumulator || from_accumulator),
    .read_ready  (accumulator_gives),
    .read_row    (given_row[ACCUMULATOR_BITS-1:0]),
    .read_data   (accumulator_data)
  );

  // ---- Promises of the ports.

  handshake_check #(
    .WIDTH(135)
  ) command_port (
    .clock(clock),
    .reset(reset),
    .valid(command_valid),
    .ready(command_ready),
    .data ({command_funct, command_rs1, command_rs2})
  );

  handshake_check #(
    .WIDTH(32)
  ) response_port (
    .clock(clock),
    .reset(reset),
    .valid(response_valid),
    .ready(response_ready),
    .data (response_data)
  );

  handshake_check #(
    .WIDTH(ADDRESS_BITS + 2 + ID_BITS)
  ) read_port (
    .clock(clock),
    .reset(reset),
    .valid(read_valid),
    .ready(read_ready),
    .data ({read_address, read_size, read_id})
  );

  handshake_check #(
    .WIDTH(ADDRESS_BITS + 3 + ID_BITS + 16)
  ) write_port (
    .clock(clock),
    .reset(reset),
    .valid(write_valid),
    .ready(write_ready),
    .data ({write_address, write_size, write_last, write_id, write_mask})
  );

  // ---- Whether anything is left to do, and what is counted.

  wire load_busy = load_count != '0;
  wire store_busy = store_count != '0;
  wire execute_busy = execute_count != '0;
  assign busy = command_waits || loop_active || load_busy || store_busy || execute_busy || load_outstanding ||
                store_outstanding;

  logic [44:0] event_now;
  always_comb begin
    event_now = '0;
    event_now[1] = load_busy && !store_busy && !execute_busy;
    event_now[2] = !load_busy && store_busy && !execute_busy;
    event_now[3] = !load_busy && !store_busy && execute_busy;
    event_now[4] = load_busy && store_busy && !execute_busy;
    event_now[5] = load_busy && !store_busy && execute_busy;
    event_now[6] = !load_busy && store_busy && execute_busy;
    event_now[7] = load_busy && store_busy && execute_busy;
    event_now[8] = read_valid && !read_ready;
    event_now[9] = load_requesting;
    event_now[10] = to_accumulator && !accumulator_takes;
    event_now[11] = write_valid && !write_ready;
    event_now[12] = store_reading;
    event_now[14] = store_refused;
    event_now[18] = load_requesting;
    event_now[20] = read_valid && !read_ready;
    event_now[21] = store_sending;
    event_now[23] = write_valid && !write_ready;
    event_now[24] = feeding;
    event_now[29] = waiting_a;
    event_now[30] = waiting_b;
    event_now[31] = waiting_d;
    event_now[41] = !room_load && !room_store && !room_execute;
    event_now[42] = load_busy || store_busy || execute_busy;
    event_now[43] = loop_active;
  end

  logic [31:0] counter_result;
  counters #(
    .COUNTERS(COUNTERS)
  ) performance (
    .clock            (clock),
    .reset            (reset),
    .command          (counter_command),
    .rs1              (counter_rs1),
    .result           (counter_result),
    .event_now        (event_now),
    .load_commands    (7'(load_count)),
    .store_commands   (7'(store_count)),
    .execute_commands (7'(execute_count)),
    .read_bytes       (read_valid && read_ready ? 7'd16 << read_size : 7'd0),
    .written_bytes    (write_valid && write_ready ? 7'd16 : 7'd0),
    .read_outstanding (load_outstanding),
    .write_outstanding(store_outstanding)
  );

  always_ff @(posedge clock) begin
    if (reset) begin
      response_valid <= 1'b0;
    end else begin
      response_valid <= counter_command || (response_valid && !response_ready);
    end
    if (counter_command) begin
      response_data <= counter_result;
    end
  end

endmodule
