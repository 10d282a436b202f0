// The reservation station: one queue of commands for each controller. Commands of one queue leave in their
// order; across queues a command waits for the older ones whose local rows it shares, unless both only read.
//
// One command is allocated a cycle, without a ready: `room_*` says in advance that two more would find place.
// A command for the mesh is a PRELOAD with its COMPUTE. Ranges as in range_table.sv; `move_range` is that of a
// move-in or a move-out, the others are the mesh's operands and result. A bias D is rare, so it is taken to be
// anywhere: `d_present` meets all move-ins.
//
// With OPERANDS_MEET_RESULTS operands may lie where results go: a command for the mesh then waits, if when it is allocated
// an older one that is not complete writes rows of its operands (for D: any rows), until the mesh has completed all that
// it was given.

module reservation_station #(
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned LOAD_DEPTH = 8,
  parameter int unsigned STORE_DEPTH = 4,
  parameter int unsigned EXECUTE_DEPTH = 16,
  parameter int unsigned LOAD_WIDTH = 8,
  parameter int unsigned STORE_WIDTH = 8,
  parameter int unsigned EXECUTE_WIDTH = 8,
  parameter bit OPERANDS_MEET_RESULTS = 0,
  localparam int unsigned RANGE_BITS = 2 * ROW_BITS + 2,
  localparam int unsigned LOAD_COUNT = $clog2(LOAD_DEPTH + 1),
  localparam int unsigned STORE_COUNT = $clog2(STORE_DEPTH + 1),
  localparam int unsigned EXECUTE_COUNT = $clog2(EXECUTE_DEPTH + 1)
) (
  input  logic                     clock,
  input  logic                     reset,
  input  logic                     allocate_load,
  input  logic                     allocate_store,
  input  logic                     allocate_execute,
  input  logic [   RANGE_BITS-1:0] move_range,
  input  logic [   RANGE_BITS-1:0] a_range,
  input  logic [   RANGE_BITS-1:0] b_range,
  input  logic                     d_present,
  input  logic [   RANGE_BITS-1:0] c_range,
  input  logic [   LOAD_WIDTH-1:0] load_payload,
  input  logic [  STORE_WIDTH-1:0] store_payload,
  input  logic [EXECUTE_WIDTH-1:0] execute_payload,
  output logic                     room_load,
  output logic                     room_store,
  output logic                     room_execute,
  output logic [   LOAD_COUNT-1:0] load_count,
  output logic [  STORE_COUNT-1:0] store_count,
  output logic [EXECUTE_COUNT-1:0] execute_count,
  output logic                     issue_load_valid,
  input  logic                     issue_load_ready,
  output logic [   LOAD_WIDTH-1:0] issue_load,
  input  logic                     complete_load,
  output logic                     issue_store_valid,
  input  logic                     issue_store_ready,
  output logic [  STORE_WIDTH-1:0] issue_store,
  input  logic                     complete_store,
  output logic                     issue_execute_valid,
  input  logic                     issue_execute_ready,
  output logic [EXECUTE_WIDTH-1:0] issue_execute,
  input  logic                     complete_execute
);

  logic [LOAD_DEPTH-1:0] load_entry, load_live, load_completing;
  logic [STORE_DEPTH-1:0] store_entry, store_live, store_completing;
  logic [EXECUTE_DEPTH-1:0] execute_entry, execute_live, execute_completing;

  // ---- What a new command meets. Of the mesh's three ranges each has a table, as each may meet a move.

  logic [LOAD_DEPTH-1:0] move_meets_load, a_meets_load, b_meets_load, d_meets_load, c_meets_load;
  logic [STORE_DEPTH-1:0] move_meets_store, c_meets_store;
  logic [EXECUTE_DEPTH-1:0] meets_a, meets_b, meets_d, meets_c;

  generate
    genvar t;
    for (t = 0; t < 4; t = t + 1) begin : gen_load_tables
      wire [RANGE_BITS-1:0] with_range = t == 0 ? move_range : t == 1 ? a_range : t == 2 ? b_range : c_range;
      logic [LOAD_DEPTH-1:0] meets;
      range_table #(
        .DEPTH   (LOAD_DEPTH),
        .ROW_BITS(ROW_BITS)
      ) table_of_loads (
        .clock     (clock),
        .write     (allocate_load),
        .entry     (load_entry),
        .range     (move_range),
        .live      (load_live),
        .with_range(with_range),
        .meets     (meets)
      );
    end
    for (t = 0; t < 2; t = t + 1) begin : gen_store_tables
      logic [STORE_DEPTH-1:0] meets;
      range_table #(
        .DEPTH   (STORE_DEPTH),
        .ROW_BITS(ROW_BITS)
      ) table_of_stores (
        .clock     (clock),
        .write     (allocate_store),
        .entry     (store_entry),
        .range     (move_range),
        .live      (store_live),
        .with_range(t == 0 ? move_range : c_range),
        .meets     (meets)
      );
    end
    for (t = 0; t < 3; t = t + 1) begin : gen_execute_tables
      // Results also meet the operands of other multiplications.
      localparam int unsigned QUERIES = t == 2 && OPERANDS_MEET_RESULTS ? 3 : 1;
      logic [QUERIES*EXECUTE_DEPTH-1:0] meets;
      range_table #(
        .DEPTH   (EXECUTE_DEPTH),
        .ROW_BITS(ROW_BITS),
        .QUERIES (QUERIES)
      ) table_of_multiplications (
        .clock     (clock),
        .write     (allocate_execute),
        .entry     (execute_entry),
        .range     (t == 0 ? a_range : t == 1 ? b_range : c_range),
        .live      (execute_live),
        .with_range((QUERIES * RANGE_BITS)'({b_range, a_range, move_range})),
        .meets     (meets)
      );
    end
  endgenerate

  assign move_meets_load = gen_load_tables[0].meets;
  assign a_meets_load = gen_load_tables[1].meets;
  assign b_meets_load = gen_load_tables[2].meets;
  assign c_meets_load = gen_load_tables[3].meets;
  assign move_meets_store = gen_store_tables[0].meets;
  assign c_meets_store = gen_store_tables[1].meets;
  assign meets_a = gen_execute_tables[0].meets;
  assign meets_b = gen_execute_tables[1].meets;
  assign meets_c = gen_execute_tables[2].meets[EXECUTE_DEPTH-1:0];

  logic [EXECUTE_DEPTH-1:0] has_d;
  always_ff @(posedge clock) begin
    if (allocate_execute) begin
      has_d <= (has_d & ~execute_entry) | (d_present ? execute_entry : '0);
    end
  end
  assign meets_d = has_d & execute_live;
  assign d_meets_load = d_present ? load_live : '0;

  // ---- A multiplication whose operands another one writes goes along with a mark, and waits at the end of its queue.

  localparam int unsigned MARKED_WIDTH = EXECUTE_WIDTH + (OPERANDS_MEET_RESULTS ? 1 : 0);
  logic meets_results, execute_waits, execute_first;
  logic [MARKED_WIDTH-1:0] marked_execute;

  assign issue_execute = marked_execute[EXECUTE_WIDTH-1:0];
  assign issue_execute_valid = execute_first && !execute_waits;

  generate
    if (OPERANDS_MEET_RESULTS) begin : gen_results_under_way
      logic [EXECUTE_COUNT-1:0] under_way;
      assign meets_results = gen_execute_tables[2].meets[3*EXECUTE_DEPTH-1:EXECUTE_DEPTH] != '0 ||
                             (d_present && execute_live != '0);
      assign execute_waits = marked_execute[EXECUTE_WIDTH] && under_way != '0;
      always_ff @(posedge clock) begin
        if (reset) begin
          under_way <= '0;
        end else begin
          under_way <= under_way + EXECUTE_COUNT'(issue_execute_valid && issue_execute_ready) -
                       EXECUTE_COUNT'(complete_execute);
        end
      end
    end else begin : gen_apart
      assign meets_results = 1'b0;
      assign execute_waits = 1'b0;
    end
  endgenerate

  // ---- The queues.

  reservation_queue #(
    .DEPTH (LOAD_DEPTH),
    .WIDTH (LOAD_WIDTH),
    .OTHERS(STORE_DEPTH + EXECUTE_DEPTH)
  ) loads (
    .clock            (clock),
    .reset            (reset),
    .allocate         (allocate_load),
    .allocate_payload (load_payload),
    .allocate_waits   ({move_meets_store, meets_a | meets_b | meets_d | meets_c}),
    .others_completing({store_completing, execute_completing}),
    .room             (room_load),
    .entry            (load_entry),
    .live             (load_live),
    .count            (load_count),
    .issue_valid      (issue_load_valid),
    .issue_ready      (issue_load_ready),
    .issue_payload    (issue_load),
    .complete         (complete_load),
    .completing       (load_completing)
  );

  reservation_queue #(
    .DEPTH (STORE_DEPTH),
    .WIDTH (STORE_WIDTH),
    .OTHERS(LOAD_DEPTH + EXECUTE_DEPTH)
  ) stores (
    .clock            (clock),
    .reset            (reset),
    .allocate         (allocate_store),
    .allocate_payload (store_payload),
    .allocate_waits   ({move_meets_load, meets_c}),
    .others_completing({load_completing, execute_completing}),
    .room             (room_store),
    .entry            (store_entry),
    .live             (store_live),
    .count            (store_count),
    .issue_valid      (issue_store_valid),
    .issue_ready      (issue_store_ready),
    .issue_payload    (issue_store),
    .complete         (complete_store),
    .completing       (store_completing)
  );

  reservation_queue #(
    .DEPTH (EXECUTE_DEPTH),
    .WIDTH (MARKED_WIDTH),
    .OTHERS(LOAD_DEPTH + STORE_DEPTH)
  ) multiplications (
    .clock            (clock),
    .reset            (reset),
    .allocate         (allocate_execute),
    .allocate_payload (MARKED_WIDTH'({meets_results, execute_payload})),
    .allocate_waits   ({a_meets_load | b_meets_load | d_meets_load | c_meets_load, c_meets_store}),
    .others_completing({load_completing, store_completing}),
    .room             (room_execute),
    .entry            (execute_entry),
    .live             (execute_live),
    .count            (execute_count),
    .issue_valid      (execute_first),
    .issue_ready      (issue_execute_ready && !execute_waits),
    .issue_payload    (marked_execute),
    .complete         (complete_execute),
    .completing       (execute_completing)
  );

endmodule
