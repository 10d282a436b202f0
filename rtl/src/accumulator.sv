// The accumulator: BANKS banks of SUB memories with a port to read and a port to write each, and the adders in
// front of them.
//
// All writes go through one pipeline: in the first cycle the old row is read if the write adds to it, then
// gemmini_pkg::ADD_STAGES cycles add, then the row is written. The mesh's results enter it whenever they come;
// rows of move-ins when there is no result, and no row that they add to is still in the pipeline. A result may
// add to a row gemmini_pkg::ACCUMULATE_CYCLES cycles after the last write of it entered.
// A read, for a move-out or an operand, is granted by `ready` unless an adding write reads the same memory or the row is in
// the pipeline; its row is at read_data gemmini_pkg::READ_CYCLES = 2 cycles later.

module accumulator #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned EXP = 8,
  parameter int unsigned SIG = 8,
  parameter int unsigned ROWS = 4096,
  parameter int unsigned BANKS = 1,
  parameter int unsigned SUB = 4,
  localparam int unsigned LANE_BITS = EXP + SIG,
  localparam int unsigned WIDTH = SIDE * LANE_BITS,
  localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
  input  logic                clock,
  input  logic                reset,
  input  logic                result_valid,
  input  logic                result_adds,
  input  logic [ROW_BITS-1:0] result_row,
  input  logic [    SIDE-1:0] result_mask,
  input  logic [   WIDTH-1:0] result_data,
  input  logic                move_valid,
  output logic                move_ready,
  input  logic                move_adds,
  input  logic [ROW_BITS-1:0] move_row,
  input  logic [    SIDE-1:0] move_mask,
  input  logic [   WIDTH-1:0] move_data,
  input  logic                read_valid,
  output logic                read_ready,
  input  logic [ROW_BITS-1:0] read_row,
  output logic [   WIDTH-1:0] read_data
);

  localparam int unsigned MEMORIES = BANKS * SUB;
  localparam int unsigned MEMORY_BITS = $clog2(MEMORIES) > 0 ? $clog2(MEMORIES) : 1;
  localparam int unsigned PLACE_BITS = $clog2(ROWS / MEMORIES);
  localparam int unsigned STAGES = gemmini_pkg::ADD_STAGES + 1;  // from the old row's read to the write

  // ---- The row that enters the pipeline.

  logic move_blocked;
  assign move_ready = !result_valid && !move_blocked;

  wire enters = result_valid || (move_valid && move_ready);
  wire adds = result_valid ? result_adds : move_adds;
  wire [ROW_BITS-1:0] row = result_valid ? result_row : move_row;
  wire [SIDE-1:0] mask = result_valid ? result_mask : move_mask;
  wire [WIDTH-1:0] data = result_valid ? result_data : move_data;

  // Stage 1 holds what entered in the cycle before, stage STAGES what is written in this one.
  logic [STAGES:1] stage_valid;
  logic [STAGES:1] stage_adds;
  logic [STAGES*ROW_BITS-1:0] stage_row;
  logic [STAGES*SIDE-1:0] stage_mask;
  always_ff @(posedge clock) begin
    stage_adds <= {stage_adds[STAGES-1:1], adds};
    stage_row <= {stage_row[(STAGES-1)*ROW_BITS-1:0], row};
    stage_mask <= {stage_mask[(STAGES-1)*SIDE-1:0], mask};
  end
  always_ff @(posedge clock) begin
    if (reset) begin
      stage_valid <= '0;
    end else begin
      stage_valid <= {stage_valid[STAGES-1:1], enters};
    end
  end

  logic [STAGES:1] move_meets;
  logic [STAGES:1] read_meets;
  logic [STAGES:1] result_meets;
  generate
    genvar s;
    for (s = 1; s <= STAGES; s = s + 1) begin : gen_hazards
      assign move_meets[s] = stage_valid[s] && stage_row[(s-1)*ROW_BITS+:ROW_BITS] == move_row;
      assign result_meets[s] = stage_valid[s] && stage_row[(s-1)*ROW_BITS+:ROW_BITS] == result_row;
      assign read_meets[s] = stage_valid[s] && stage_row[(s-1)*ROW_BITS+:ROW_BITS] == read_row;
    end
  endgenerate
  assign move_blocked = |move_meets;

  // ---- The memories.

  logic [MEMORY_BITS-1:0] memory;
  logic [MEMORY_BITS-1:0] read_memory;
  logic [MEMORY_BITS-1:0] write_memory;
  logic [ PLACE_BITS-1:0] place;
  logic [ PLACE_BITS-1:0] read_place;
  logic [ PLACE_BITS-1:0] write_place;

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_old (
    .row   (row),
    .memory(memory),
    .place (place)
  );

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_read (
    .row   (read_row),
    .memory(read_memory),
    .place (read_place)
  );

  bank_address #(
    .SIDE (SIDE),
    .ROWS (ROWS),
    .BANKS(BANKS),
    .SUB  (SUB)
  ) address_of_write (
    .row   (stage_row[(STAGES-1)*ROW_BITS+:ROW_BITS]),
    .memory(write_memory),
    .place (write_place)
  );

  wire reads_old = enters && adds;
  assign read_ready = !(reads_old && memory == read_memory) && !(|read_meets);

  logic [MEMORIES*WIDTH-1:0] rows;
  logic [WIDTH-1:0] new_row;

  generate
    genvar i;
    for (i = 0; i < MEMORIES; i = i + 1) begin : gen_memories
      wire old_here = reads_old && memory == MEMORY_BITS'(i);
      dual_port_bank #(
        .ROWS     (ROWS / MEMORIES),
        .LANES    (SIDE),
        .LANE_BITS(LANE_BITS)
      ) bank (
        .clock     (clock),
        .write     (stage_valid[STAGES] && write_memory == MEMORY_BITS'(i)),
        .mask      (stage_mask[(STAGES-1)*SIDE+:SIDE]),
        .write_row (write_place),
        .write_data(new_row),
        .read      (old_here || (read_valid && read_memory == MEMORY_BITS'(i))),
        .read_row  (old_here ? place : read_place),
        .read_data (rows[i*WIDTH+:WIDTH])
      );
    end
  endgenerate

  logic [MEMORY_BITS-1:0] chosen;
  logic [MEMORY_BITS-1:0] old_chosen;
  always_ff @(posedge clock) begin
    chosen <= read_memory;
    old_chosen <= memory;
    read_data <= rows[chosen*WIDTH+:WIDTH];
  end

  // ---- The adders.

  wire [WIDTH-1:0] old_row = rows[old_chosen*WIDTH+:WIDTH];
  logic [WIDTH-1:0] data_1;
  logic [WIDTH-1:0] sum;
  logic [WIDTH-1:0] overwrites;
  always_ff @(posedge clock) begin
    data_1 <= data;
  end

  generate
    for (i = 0; i < SIDE; i = i + 1) begin : gen_adders
      add #(
        .EXP   (EXP),
        .SIG   (SIG),
        .STAGES(gemmini_pkg::ADD_STAGES)
      ) adder (
        .clock (clock),
        .x     (data_1[i*LANE_BITS+:LANE_BITS]),
        .z     (old_row[i*LANE_BITS+:LANE_BITS]),
        .result(sum[i*LANE_BITS+:LANE_BITS])
      );
    end
  endgenerate

  delay #(
    .WIDTH (WIDTH),
    .STAGES(gemmini_pkg::ADD_STAGES)
  ) beside_the_adders (
    .clock(clock),
    .in   (data_1),
    .out  (overwrites)
  );

  assign new_row = stage_adds[STAGES] ? sum : overwrites;

  never_check no_result_adds_to_a_row_in_the_pipeline (
    .clock  (clock),
    .reset  (reset),
    .happens(result_valid && result_adds && (|result_meets))
  );

endmodule
