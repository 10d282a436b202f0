// Multiplies tiles: fetches rows of A, B and D from the scratchpad, loads B into the mesh's idle weights while rows of
// A and D meet those in use, and hands the results to the accumulator.
//
// A command is a PRELOAD with its COMPUTE. It takes as many cycles as it has rows of C, at least
// gemmini_pkg::ACCUMULATE_CYCLES, and with new weights SIDE, if the banks give the rows; with A transposed
// SIDE. Tiles are {present, first row, rows, columns}; the rows of C must differ. Commands complete in order, when
// their last result goes to the accumulator's pipeline.
//
// With READS_ACCUMULATOR operands may lie in the accumulator (`command_*_accumulator`): a row a cycle of them is read
// there, A's before B's before D's, and comes through a scaler of SCALE_STAGES cycles, by the command's relu and scale.
// With WRITES_SCRATCHPAD results may go to the scratchpad (`command_c_scratchpad`), by local_valid, after ReLU if the
// command says so; they are never refused. A command whose operands lie where results go must not come before the older
// ones that write them have completed; rows of its own C it may read itself.

module execute_controller #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned RESULT_BITS = 12,
  parameter int unsigned SUM_STAGES = 3,
  parameter bit DSP = 0,
  parameter bit READS_ACCUMULATOR = 0,
  parameter bit WRITES_SCRATCHPAD = 0,
  parameter int unsigned SCALE_STAGES = 3,
  localparam int unsigned W = EXP + SIG,
  localparam int unsigned WIDTH = SIDE * W,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned TILE_WIDTH = 1 + ROW_BITS + 2 * SIZE_BITS
) (
  input  logic                  clock,
  input  logic                  reset,
  input  logic                  command_valid,
  output logic                  command_ready,
  input  logic                  command_flip,
  input  logic                  command_transpose_a,
  input  logic                  command_transpose_b,
  input  logic [  ROW_BITS-1:0] command_a_stride,
  input  logic [  ROW_BITS-1:0] command_c_stride,
  input  logic [TILE_WIDTH-1:0] command_a,
  input  logic [TILE_WIDTH-1:0] command_b,
  input  logic [TILE_WIDTH-1:0] command_d,
  input  logic [TILE_WIDTH-1:0] command_c,
  input  logic                  command_adds,
  input  logic                  command_a_accumulator,
  input  logic                  command_b_accumulator,
  input  logic                  command_d_accumulator,
  input  logic                  command_c_scratchpad,
  input  logic                  command_relu,
  input  logic [         W-1:0] command_scale,
  output logic                  complete,
  output logic                  feeding,          // a row enters the mesh
  output logic                  waiting_a,        // a bank refuses a row
  output logic                  waiting_b,
  output logic                  waiting_d,
  // Scratchpad: A and D on port 0, B on port 1.
  output logic                  read_valid_0,
  input  logic                  read_ready_0,
  output logic [  ROW_BITS-1:0] read_row_0,
  input  logic [     WIDTH-1:0] read_data_0,
  output logic                  read_valid_1,
  input  logic                  read_ready_1,
  output logic [  ROW_BITS-1:0] read_row_1,
  input  logic [     WIDTH-1:0] read_data_1,
  // Operands in the accumulator; scaled_data comes after the scaler.
  output logic                  operand_valid,
  input  logic                  operand_ready,
  output logic [  ROW_BITS-1:0] operand_row,
  output logic                  operand_relu,
  output logic [         W-1:0] operand_scale,
  input  logic [     WIDTH-1:0] scaled_data,
  // Accumulator, or with local_valid the scratchpad.
  output logic                  result_valid,
  output logic                  local_valid,
  output logic                  result_adds,
  output logic [  ROW_BITS-1:0] result_row,
  output logic [      SIDE-1:0] result_mask,
  output logic [     WIDTH-1:0] result_data,
  output logic [     WIDTH-1:0] local_data
);

  localparam int unsigned CAPACITY = 4 * SIDE;  // rows of an operand fetched ahead
  localparam int unsigned HELD_BITS = $clog2(CAPACITY + 1);
  localparam int unsigned PLACE = 2 * ROW_BITS + 3 * SIZE_BITS + 1;
  localparam int unsigned SOURCE = 2 + W;  // {accumulator, relu, scale}
  localparam int unsigned JOB = PLACE + (READS_ACCUMULATOR ? SOURCE : 0);
  localparam bit OPERANDS_MEET_RESULTS = READS_ACCUMULATOR || WRITES_SCRATCHPAD;
  localparam logic [SIZE_BITS-1:0] ALL = SIZE_BITS'(SIDE);

  // ---- A command becomes a job for each operand's fetcher and one for the mesh.

  logic a_present, b_present, d_present, c_present;
  logic [ROW_BITS-1:0] a_row, b_row, d_row, c_row;
  logic [SIZE_BITS-1:0] a_rows, b_rows, d_rows, c_rows, a_columns, b_columns, d_columns, c_columns;
  assign {a_present, a_row, a_rows, a_columns} = command_a;
  assign {b_present, b_row, b_rows, b_columns} = command_b;
  assign {d_present, d_row, d_rows, d_columns} = command_d;
  assign {c_present, c_row, c_rows, c_columns} = command_c;

  wire transpose_a = command_transpose_a;
  wire transpose_b = command_transpose_b;
  wire [SIZE_BITS-1:0] results = c_present ? c_rows : '0;
  wire [SIZE_BITS-1:0] fetched = transpose_a && results != '0 ? ALL : results;
  wire [SIZE_BITS-1:0] a_there = transpose_a ? a_columns : a_rows;
  wire [SIZE_BITS-1:0] b_there = transpose_b ? b_columns : b_rows;

  logic a_room, b_room, d_room, mesh_room;
  assign command_ready = a_room && b_room && d_room && mesh_room;
  wire take = command_valid && command_ready;

  logic a_job_valid, a_job_ready, b_job_valid, b_job_ready, d_job_valid, d_job_ready;
  logic [JOB-1:0] a_job, b_job, d_job;
  logic [1:0] a_jobs, b_jobs, d_jobs;
  wire unused_jobs = &{1'b0, a_jobs, b_jobs, d_jobs};

  fifo #(
    .WIDTH(JOB),
    .DEPTH(2)
  ) jobs_of_a (
    .clock    (clock),
    .reset    (reset),
    .in_valid (take),
    .in_ready (a_room),
    .in_data  (JOB'({
      command_a_accumulator, command_relu, command_scale,
      a_row, command_a_stride, fetched, a_present ? a_there : SIZE_BITS'(0), transpose_a ? a_rows : a_columns, transpose_a
    })),
    .out_valid(a_job_valid),
    .out_ready(a_job_ready),
    .out_data (a_job),
    .count    (a_jobs)
  );

  fifo #(
    .WIDTH(JOB),
    .DEPTH(2)
  ) jobs_of_b (
    .clock    (clock),
    .reset    (reset),
    .in_valid (take && command_flip),
    .in_ready (b_room),
    .in_data  (JOB'({
      command_b_accumulator, command_relu, command_scale,
      b_row, ROW_BITS'(1), ALL, b_present ? b_there : SIZE_BITS'(0), transpose_b ? b_rows : b_columns, transpose_b
    })),
    .out_valid(b_job_valid),
    .out_ready(b_job_ready),
    .out_data (b_job),
    .count    (b_jobs)
  );

  fifo #(
    .WIDTH(JOB),
    .DEPTH(2)
  ) jobs_of_d (
    .clock    (clock),
    .reset    (reset),
    .in_valid (take && d_present),
    .in_ready (d_room),
    .in_data  (JOB'({
      command_d_accumulator, command_relu, command_scale, d_row, ROW_BITS'(1), results, d_rows, d_columns, 1'b0
    })),
    .out_valid(d_job_valid),
    .out_ready(d_job_ready),
    .out_data (d_job),
    .count    (d_jobs)
  );

  // ---- Fetchers.

  logic a_reads, b_reads, d_reads, a_busy, b_busy, d_busy;
  logic [ROW_BITS-1:0] a_read_row, d_read_row;
  logic a_fetched, b_fetched, d_fetched, a_fetched_transposed, b_fetched_transposed, d_fetched_tag;
  logic [WIDTH-1:0] a_fetched_data, b_fetched_data, d_fetched_data;
  logic a_taken, b_taken, d_taken, matrix_taken;
  wire unused_busy = &{1'b0, a_busy, b_busy, d_busy, d_fetched_tag};

  logic [SOURCE-1:0] a_source, b_source, d_source;
  logic a_given, b_given, d_given;
  assign waiting_a = a_reads && !a_given;
  assign waiting_b = b_reads && !b_given;
  assign waiting_d = d_reads && !d_given;

  generate
    if (READS_ACCUMULATOR) begin : gen_accumulator
      wire a_scaled = a_source[SOURCE-1];
      wire b_scaled = b_source[SOURCE-1];
      wire d_scaled = d_source[SOURCE-1];
      wire a_operand = a_reads && a_scaled;
      wire b_operand = b_reads && b_scaled;
      assign read_valid_0 = (a_reads && !a_scaled) || (d_reads && !d_scaled);
      assign read_row_0 = a_reads && !a_scaled ? a_read_row : d_read_row;
      assign read_valid_1 = b_reads && !b_scaled;
      assign operand_valid = a_operand || b_operand || (d_reads && d_scaled);
      assign operand_row = a_operand ? a_read_row : b_operand ? read_row_1 : d_read_row;
      assign {operand_relu, operand_scale} = a_operand ? a_source[SOURCE-2:0] : b_operand ? b_source[SOURCE-2:0] :
                                             d_source[SOURCE-2:0];
      assign a_given = a_scaled ? operand_ready : read_ready_0;
      assign b_given = b_scaled ? operand_ready && !a_operand : read_ready_1;
      assign d_given = d_scaled ? operand_ready && !a_operand && !b_operand : read_ready_0 && !(a_reads && !a_scaled);
    end else begin : gen_scratchpad
      wire unused = &{1'b0, a_source, b_source, d_source, operand_ready};
      assign read_valid_0 = a_reads || d_reads;
      assign read_row_0 = a_reads ? a_read_row : d_read_row;
      assign read_valid_1 = b_reads;
      assign operand_valid = 1'b0;
      assign operand_row = '0;
      assign operand_relu = 1'b0;
      assign operand_scale = '0;
      assign a_given = read_ready_0;
      assign b_given = read_ready_1;
      assign d_given = read_ready_0 && !a_reads;
    end
  endgenerate

  operand_fetcher #(
    .SIDE             (SIDE),
    .W                (W),
    .ROW_BITS         (ROW_BITS),
    .CAPACITY         (CAPACITY),
    .READS_ACCUMULATOR(READS_ACCUMULATOR),
    .SCALE_STAGES     (SCALE_STAGES)
  ) fetcher_of_a (
    .clock      (clock),
    .reset      (reset),
    .job_valid  (a_job_valid),
    .job_ready  (a_job_ready),
    .job_row    (a_job[PLACE-1-:ROW_BITS]),
    .job_stride (a_job[3*SIZE_BITS+1+:ROW_BITS]),
    .job_fetch  (a_job[2*SIZE_BITS+1+:SIZE_BITS]),
    .job_rows   (a_job[SIZE_BITS+1+:SIZE_BITS]),
    .job_columns(a_job[1+:SIZE_BITS]),
    .job_tag    (a_job[0]),
    .job_source (SOURCE'(a_job >> PLACE)),
    .busy       (a_busy),
    .read_valid (a_reads),
    .read_ready (a_given),
    .read_row   (a_read_row),
    .read_source(a_source),
    .read_data  (read_data_0),
    .scaled_data(scaled_data),
    .out_valid  (a_fetched),
    .out_tag    (a_fetched_transposed),
    .out_data   (a_fetched_data),
    .sent       (HELD_BITS'(a_taken) + (matrix_taken ? HELD_BITS'(SIDE) : HELD_BITS'(0)))
  );

  operand_fetcher #(
    .SIDE             (SIDE),
    .W                (W),
    .ROW_BITS         (ROW_BITS),
    .CAPACITY         (CAPACITY),
    .READS_ACCUMULATOR(READS_ACCUMULATOR),
    .SCALE_STAGES     (SCALE_STAGES)
  ) fetcher_of_b (
    .clock      (clock),
    .reset      (reset),
    .job_valid  (b_job_valid),
    .job_ready  (b_job_ready),
    .job_row    (b_job[PLACE-1-:ROW_BITS]),
    .job_stride (b_job[3*SIZE_BITS+1+:ROW_BITS]),
    .job_fetch  (b_job[2*SIZE_BITS+1+:SIZE_BITS]),
    .job_rows   (b_job[SIZE_BITS+1+:SIZE_BITS]),
    .job_columns(b_job[1+:SIZE_BITS]),
    .job_tag    (b_job[0]),
    .job_source (SOURCE'(b_job >> PLACE)),
    .busy       (b_busy),
    .read_valid (b_reads),
    .read_ready (b_given),
    .read_row   (read_row_1),
    .read_source(b_source),
    .read_data  (read_data_1),
    .scaled_data(scaled_data),
    .out_valid  (b_fetched),
    .out_tag    (b_fetched_transposed),
    .out_data   (b_fetched_data),
    .sent       (HELD_BITS'(b_taken))
  );

  operand_fetcher #(
    .SIDE             (SIDE),
    .W                (W),
    .ROW_BITS         (ROW_BITS),
    .CAPACITY         (CAPACITY),
    .READS_ACCUMULATOR(READS_ACCUMULATOR),
    .SCALE_STAGES     (SCALE_STAGES)
  ) fetcher_of_d (
    .clock      (clock),
    .reset      (reset),
    .job_valid  (d_job_valid),
    .job_ready  (d_job_ready),
    .job_row    (d_job[PLACE-1-:ROW_BITS]),
    .job_stride (d_job[3*SIZE_BITS+1+:ROW_BITS]),
    .job_fetch  (d_job[2*SIZE_BITS+1+:SIZE_BITS]),
    .job_rows   (d_job[SIZE_BITS+1+:SIZE_BITS]),
    .job_columns(d_job[1+:SIZE_BITS]),
    .job_tag    (d_job[0]),
    .job_source (SOURCE'(d_job >> PLACE)),
    .busy       (d_busy),
    .read_valid (d_reads),
    .read_ready (d_given),
    .read_row   (d_read_row),
    .read_source(d_source),
    .read_data  (read_data_0),
    .scaled_data(scaled_data),
    .out_valid  (d_fetched),
    .out_tag    (d_fetched_tag),
    .out_data   (d_fetched_data),
    .sent       (HELD_BITS'(d_taken))
  );

  // ---- Rows that wait for the mesh. Fetchers do not ask for more than these hold.

  logic a_valid, b_valid, d_valid, b_column, a_straight_valid, a_transposed_valid;
  logic a_straight_taken, a_transposed_taken;
  logic [WIDTH-1:0] a_straight, a_transposed, b_data, d_data;
  logic a_waits, b_waits, d_waits;
  logic [HELD_BITS-1:0] a_waiting, b_waiting, d_waiting;
  wire unused_waiting = &{1'b0, b_waiting};

  fifo #(
    .WIDTH(WIDTH),
    .DEPTH(CAPACITY)
  ) rows_of_a (
    .clock    (clock),
    .reset    (reset),
    .in_valid (a_fetched && !a_fetched_transposed),
    .in_ready (a_waits),
    .in_data  (a_fetched_data),
    .out_valid(a_straight_valid),
    .out_ready(a_straight_taken),
    .out_data (a_straight),
    .count    (a_waiting)
  );

  transpose_buffer #(
    .SIDE(SIDE),
    .W   (W)
  ) transposed_a (
    .clock    (clock),
    .reset    (reset),
    .in_valid (a_fetched && a_fetched_transposed),
    .in_data  (a_fetched_data),
    .out_valid(a_transposed_valid),
    .out_ready(a_transposed_taken),
    .out_data (a_transposed),
    .freed    (matrix_taken)
  );

  fifo #(
    .WIDTH(WIDTH + 1),
    .DEPTH(CAPACITY)
  ) rows_of_b (
    .clock    (clock),
    .reset    (reset),
    .in_valid (b_fetched),
    .in_ready (b_waits),
    .in_data  ({b_fetched_transposed, b_fetched_data}),
    .out_valid(b_valid),
    .out_ready(b_taken),
    .out_data ({b_column, b_data}),
    .count    (b_waiting)
  );

  fifo #(
    .WIDTH(WIDTH),
    .DEPTH(CAPACITY)
  ) rows_of_d (
    .clock    (clock),
    .reset    (reset),
    .in_valid (d_fetched),
    .in_ready (d_waits),
    .in_data  (d_fetched_data),
    .out_valid(d_valid),
    .out_ready(d_taken),
    .out_data (d_data),
    .count    (d_waiting)
  );

  // ---- The mesh.

  logic enters, flip, last, uses_a, uses_d, from_transposed, bank, weights_full, load, load_bank, b_loads;
  logic [$clog2(SIDE)-1:0] load_index;

  assign a_valid = from_transposed ? a_transposed_valid : a_straight_valid;
  assign a_straight_taken = enters && uses_a && !from_transposed;
  assign a_transposed_taken = enters && uses_a && from_transposed;
  assign a_taken = a_straight_taken;
  assign d_taken = enters && uses_d;
  assign feeding = enters;

  // A command may overwrite what it reads if one of its operands lies where its results go.
  wire a_beside_c = a_present && command_a_accumulator != command_c_scratchpad;
  wire d_beside_c = d_present && command_d_accumulator != command_c_scratchpad;
  logic result_relu;

  mesh_sequencer #(
    .SIDE                 (SIDE),
    .ROW_BITS             (ROW_BITS),
    .RESULT_BITS          (RESULT_BITS),
    .SUM_STAGES           (SUM_STAGES),
    .CAPACITY             (CAPACITY),
    .OPERANDS_MEET_RESULTS(OPERANDS_MEET_RESULTS)
  ) sequencer (
    .clock          (clock),
    .reset          (reset),
    .job_valid      (take),
    .job_ready      (mesh_room),
    .job_flip       (command_flip),
    .job_transposed (transpose_a),
    .job_bias       (d_present),
    .job_adds       (command_adds),
    .job_row        (c_row),
    .job_stride     (command_c_stride),
    .job_fetched    (fetched),
    .job_rows       (results),
    .job_columns    (c_columns),
    .job_overwrites (a_beside_c || d_beside_c),
    .job_scratchpad (command_c_scratchpad),
    .job_relu       (command_relu),
    .a_waiting      (a_waiting),
    .d_waiting      (d_waiting),
    .weights_full   (weights_full),
    .a_valid        (a_valid),
    .d_valid        (d_valid),
    .enters         (enters),
    .flip           (flip),
    .last           (last),
    .uses_a         (uses_a),
    .uses_d         (uses_d),
    .from_transposed(from_transposed),
    .complete       (complete),
    .result_valid   (result_valid),
    .local_valid    (local_valid),
    .result_relu    (result_relu),
    .result_adds    (result_adds),
    .result_row     (result_row),
    .result_mask    (result_mask)
  );
  wire unused_last = last;

  weight_loader #(
    .SIDE(SIDE)
  ) loader (
    .clock     (clock),
    .reset     (reset),
    .row_valid (b_valid),
    .row_ready (b_loads),
    .flip      (flip),
    .full      (weights_full),
    .bank      (bank),
    .load      (load),
    .load_bank (load_bank),
    .load_index(load_index)
  );
  assign b_taken = b_loads && b_valid;

  mesh #(
    .SIDE      (SIDE),
    .EXP       (EXP),
    .SIG       (SIG),
    .SUM_STAGES(SUM_STAGES),
    .DSP       (DSP)
  ) array (
    .clock      (clock),
    .reset      (reset),
    .a          (!uses_a ? '0 : from_transposed ? a_transposed : a_straight),
    .d          (uses_d ? d_data : '0),
    .bank       (bank),
    .c          (result_data),
    .load       (load),
    .load_column(b_column),
    .load_bank  (load_bank),
    .load_index (load_index),
    .b          (b_data)
  );

  generate
    if (WRITES_SCRATCHPAD) begin : gen_local_data
      // A NaN of the mesh has no sign; -0 stays what it is.
      genvar i;
      for (i = 0; i < SIDE; i = i + 1) begin : gen_relu
        wire negative = result_data[i*W+W-1] && result_data[i*W+:W-1] != '0;
        assign local_data[i*W+:W] = result_relu && negative ? '0 : result_data[i*W+:W];
      end
    end else begin : gen_no_local_data
      wire unused = result_relu;
      assign local_data = '0;
    end
  endgenerate

  never_check no_row_without_room (
    .clock  (clock),
    .reset  (reset),
    .happens((a_fetched && !a_fetched_transposed && !a_waits) || (b_fetched && !b_waits) || (d_fetched && !d_waits))
  );

endmodule
