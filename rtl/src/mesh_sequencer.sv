// Lets rows enter the mesh job by job, and knows where the results go that leave it.
//
// A job has as many rows as are fetched for it (`job_fetched`, of which the first `job_rows` are rows of C), at least
// gemmini_pkg::ACCUMULATE_CYCLES, so that a job may add to the rows of the one before; one that adds to rows that
// overlap those of the job before in another way waits as long. Combinational outputs say what enters in this cycle:
// a row of A (`uses_a`) and of the bias D (`uses_d`), else zeros. `complete`: a job's last row leaves the mesh.
//
// With OPERANDS_MEET_RESULTS a job may write rows that it reads (`job_overwrites`): its first row then enters when all
// its rows of A and D are there, `a_waiting` and `d_waiting` at least. A job's results go to the scratchpad if it says so
// (`job_scratchpad`), by local_valid in place of result_valid, with result_relu as it says.

module mesh_sequencer #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned RESULT_BITS = 12,  // of a row of the accumulator, where rows wrap around
  parameter int unsigned SUM_STAGES = 3,
  parameter int unsigned CAPACITY = 16,  // rows of an operand that can wait
  parameter bit OPERANDS_MEET_RESULTS = 0,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned HELD_BITS = $clog2(CAPACITY + 1)
) (
  input  logic                 clock,
  input  logic                 reset,
  input  logic                 job_valid,
  output logic                 job_ready,
  input  logic                 job_flip,
  input  logic                 job_transposed,
  input  logic                 job_bias,
  input  logic                 job_adds,
  input  logic [ ROW_BITS-1:0] job_row,
  input  logic [ ROW_BITS-1:0] job_stride,
  input  logic [SIZE_BITS-1:0] job_fetched,
  input  logic [SIZE_BITS-1:0] job_rows,
  input  logic [SIZE_BITS-1:0] job_columns,
  input  logic                 job_overwrites,
  input  logic                 job_scratchpad,
  input  logic                 job_relu,
  input  logic [HELD_BITS-1:0] a_waiting,
  input  logic [HELD_BITS-1:0] d_waiting,
  input  logic                 weights_full,
  input  logic                 a_valid,
  input  logic                 d_valid,
  output logic                 enters,
  output logic                 flip,
  output logic                 last,
  output logic                 uses_a,
  output logic                 uses_d,
  output logic                 from_transposed,
  output logic                 complete,
  output logic                 result_valid,
  output logic                 local_valid,
  output logic                 result_relu,
  output logic                 result_adds,
  output logic [ ROW_BITS-1:0] result_row,
  output logic [     SIDE-1:0] result_mask
);

  localparam int unsigned JOBS = 8;
  localparam int unsigned LATENCY = gemmini_pkg::mesh_latency(SIDE, SUM_STAGES);
  localparam int unsigned LEAST = gemmini_pkg::ACCUMULATE_CYCLES;
  localparam int unsigned TAGS = LATENCY / LEAST + 3;
  localparam int unsigned COUNT_BITS = SIZE_BITS > 3 ? SIZE_BITS : 3;
  localparam int unsigned JOB_WIDTH = 4 + 2 * ROW_BITS + 3 * SIZE_BITS;
  localparam int unsigned TAG_WIDTH = 1 + 2 * ROW_BITS + SIZE_BITS;
  // With what is said of a job whose operands meet results.
  localparam int unsigned LONG_JOB = JOB_WIDTH + 3;
  localparam int unsigned LONG_TAG = TAG_WIDTH + 2;
  localparam int unsigned JOB = OPERANDS_MEET_RESULTS ? LONG_JOB : JOB_WIDTH;
  localparam int unsigned TAG = OPERANDS_MEET_RESULTS ? LONG_TAG : TAG_WIDTH;

  // ---- In.

  logic present, at_overwrites, at_scratchpad, at_relu, at_flip, at_bias, at_adds;
  logic [JOB-1:0] job;
  logic [ROW_BITS-1:0] at_row, at_stride;
  logic [SIZE_BITS-1:0] at_fetched, at_rows, at_columns;
  logic [$clog2(JOBS+1)-1:0] jobs_waiting;

  fifo #(
    .WIDTH(JOB),
    .DEPTH(JOBS)
  ) jobs (
    .clock    (clock),
    .reset    (reset),
    .in_valid (job_valid),
    .in_ready (job_ready),
    .in_data  (JOB'({
      job_overwrites, job_scratchpad, job_relu, job_flip, job_transposed, job_bias, job_adds, job_row, job_stride,
      job_fetched, job_rows, job_columns
    })),
    .out_valid(present),
    .out_ready(last),
    .out_data (job),
    .count    (jobs_waiting)
  );
  assign {
    at_overwrites, at_scratchpad, at_relu, at_flip, from_transposed, at_bias, at_adds, at_row, at_stride, at_fetched,
    at_rows, at_columns
  } = LONG_JOB'(job);

  logic [COUNT_BITS-1:0] row;
  wire first = row == '0;
  wire [COUNT_BITS-1:0] total = COUNT_BITS'(at_fetched) < COUNT_BITS'(LEAST) ? COUNT_BITS'(LEAST) :
                                COUNT_BITS'(at_fetched);
  wire writes = row < COUNT_BITS'(at_rows);
  assign uses_a = row < COUNT_BITS'(at_fetched);
  assign uses_d = at_bias && writes;

  // Rows of the job before that may still be in the accumulator's pipeline when this one's come.
  logic [RESULT_BITS-1:0] before_row;
  logic [ROW_BITS-1:0] before_stride;
  logic [2:0] recent;  // cycles since its last row, as far as they matter
  wire [RESULT_BITS-1:0] apart = at_row[RESULT_BITS-1:0] - before_row;
  wire [RESULT_BITS-1:0] apart_back = before_row - at_row[RESULT_BITS-1:0];
  wire near = apart < RESULT_BITS'(SIDE) || apart_back < RESULT_BITS'(SIDE);
  wire straight = at_stride == ROW_BITS'(1) && before_stride == ROW_BITS'(1);
  wire same = apart == '0 && at_stride == before_stride;
  wire overlaps = at_adds && recent != '0 && !same && (near || !straight);

  // A transposed A is whole when it is there.
  wire all_there = (from_transposed || a_waiting >= HELD_BITS'(at_fetched)) &&
                   (!at_bias || d_waiting >= HELD_BITS'(at_rows));

  logic tag_room;
  assign enters = present && (!uses_a || a_valid) && (!uses_d || d_valid) &&
                  (!first || (tag_room && !overlaps && (!at_flip || weights_full) && (!at_overwrites || all_there)));
  assign flip = enters && first && at_flip;
  assign last = enters && row == total - 1'b1;

  always_ff @(posedge clock) begin
    if (reset) begin
      row <= '0;
      recent <= '0;
    end else begin
      if (enters) begin
        row <= last ? '0 : row + 1'b1;
      end
      if (last) begin
        recent <= 3'(LEAST - 1);
      end else if (recent != '0) begin
        recent <= recent - 1'b1;
      end
    end
    if (last) begin
      before_row <= at_row[RESULT_BITS-1:0];
      before_stride <= at_stride;
    end
  end

  // ---- Out.

  logic leaves, leaves_writing, leaves_last, tag_valid, to_scratchpad;
  logic [TAG-1:0] tag;
  logic [SIZE_BITS-1:0] columns;
  logic [ROW_BITS-1:0] tag_row, tag_stride, next_row;
  logic [$clog2(TAGS+1)-1:0] tags_waiting;
  logic first_result;
  wire unused = &{1'b0, jobs_waiting, tags_waiting};

  valid_delay #(
    .WIDTH (3),
    .STAGES(LATENCY)
  ) under_way (
    .clock(clock),
    .reset(reset),
    .in   ({enters, enters && writes, last}),
    .out  ({leaves, leaves_writing, leaves_last})
  );

  fifo #(
    .WIDTH(TAG),
    .DEPTH(TAGS)
  ) tags (
    .clock    (clock),
    .reset    (reset),
    .in_valid (enters && first),
    .in_ready (tag_room),
    .in_data  (TAG'({at_scratchpad, at_relu, at_adds, at_row, at_stride, at_columns})),
    .out_valid(tag_valid),
    .out_ready(leaves_last),
    .out_data (tag),
    .count    (tags_waiting)
  );
  assign {to_scratchpad, result_relu, result_adds, tag_row, tag_stride, columns} = LONG_TAG'(tag);

  assign complete = leaves_last;
  assign result_valid = leaves_writing && !to_scratchpad;
  assign local_valid = leaves_writing && to_scratchpad;
  assign result_row = first_result ? tag_row : next_row;

  always_ff @(posedge clock) begin
    if (reset) begin
      first_result <= 1'b1;
    end else if (leaves_last) begin
      first_result <= 1'b1;
    end else if (leaves_writing) begin
      first_result <= 1'b0;
    end
    if (leaves_writing) begin
      next_row <= result_row + tag_stride;
    end
  end

  generate
    genvar i;
    for (i = 0; i < SIDE; i = i + 1) begin : gen_mask
      assign result_mask[i] = columns > SIZE_BITS'(i);
    end
  endgenerate

  never_check no_row_without_its_tag (
    .clock  (clock),
    .reset  (reset),
    .happens(leaves && !tag_valid)
  );

endmodule
