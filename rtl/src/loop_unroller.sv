// Turns a LOOP_WS into the primitive commands of C = A B + D. Five units, for A, B, D, the multiplications and
// C, each walk over their tiles; two loops may be in flight, and a unit goes on to the next loop when it has
// done its part of one.
//
// Loop commands come in by valid/ready. While a loop is in flight (`active`) one primitive command, in the
// encoding of the RoCC command, leaves a cycle if the queue that it goes to has room; the output is a
// function of registers and of `room_*`, without ready. C goes first, then multiplications, D, A or B.

module loop_unroller #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ELEMENT_BYTES = 2,
  parameter int unsigned BLOCK = 8,
  parameter int unsigned SCRATCHPAD_ROWS = 16384,
  parameter int unsigned ACCUMULATOR_ROWS = 4096
) (
  input  logic        clock,
  input  logic        reset,
  input  logic        loop_valid,
  output logic        loop_ready,
  input  logic [ 6:0] loop_funct,
  input  logic [63:0] loop_rs1,
  input  logic [63:0] loop_rs2,
  output logic        active,
  input  logic        room_load,
  input  logic        room_store,
  input  logic        room_execute,
  output logic        command_valid,
  output logic [ 6:0] command_funct,
  output logic [63:0] command_rs1,
  output logic [63:0] command_rs2
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS;
  localparam int unsigned MOST_ROWS = SCRATCHPAD_ROWS > ACCUMULATOR_ROWS ? SCRATCHPAD_ROWS : ACCUMULATOR_ROWS;
  localparam int unsigned ROW_BITS = $clog2(MOST_ROWS);
  localparam int unsigned TILE_BITS = ROW_BITS - SIDE_BITS + 1;
  localparam logic [31:0] GARBAGE = 32'hFFFF_FFFF;
  localparam logic [ROW_BITS-1:0] HALF = ROW_BITS'(SCRATCHPAD_ROWS / 2);
  localparam logic [ROW_BITS-1:0] ACCUMULATOR_HALF = ROW_BITS'(ACCUMULATOR_ROWS / 2);

  // Units, as places in vectors.
  localparam int unsigned A = 0;
  localparam int unsigned B = 1;
  localparam int unsigned D = 2;
  localparam int unsigned X = 3;
  localparam int unsigned C = 4;

  // ---- The two slots. The older loop is in slot `head`; configurations go to slot `next`.

  logic head;
  logic next;
  logic [1:0] configured;
  logic [4:0] started[2];
  logic [4:0] finished[2];
  logic [4:0] working;
  logic [4:0] slot;  // of each unit

  wire takes = loop_valid && loop_ready;
  wire runs = takes && loop_funct == gemmini_pkg::FUNCT_LOOP;
  assign loop_ready = !configured[next];
  assign active = |configured;

  logic [TILE_BITS-1:0] bound_i[2];
  logic [TILE_BITS-1:0] bound_j[2];
  logic [TILE_BITS-1:0] bound_k[2];
  logic [SIDE_BITS-1:0] pad_i[2];
  logic [SIDE_BITS-1:0] pad_j[2];
  logic [SIDE_BITS-1:0] pad_k[2];
  logic [ADDRESS_BITS-1:0] address_a[2];
  logic [ADDRESS_BITS-1:0] address_b[2];
  logic [ADDRESS_BITS-1:0] address_d[2];
  logic [ADDRESS_BITS-1:0] address_c[2];
  logic [31:0] stride_a[2];
  logic [31:0] stride_b[2];
  logic [31:0] stride_d[2];
  logic [31:0] stride_c[2];
  logic [1:0] accumulates;
  logic [1:0] full_c;
  logic [1:0] transpose_a;
  logic [1:0] transpose_b;
  logic [ROW_BITS-1:0] a_start[2];
  logic [ROW_BITS-1:0] b_start[2];
  logic [ROW_BITS-1:0] c_start[2];
  logic [ROW_BITS-1:0] next_c_start;

  generate
    genvar s;
    for (s = 0; s < 2; s = s + 1) begin : gen_slots
      loop_slot #(
        .SIDE     (SIDE),
        .TILE_BITS(TILE_BITS)
      ) registers (
        .clock      (clock),
        .write      (takes && next == 1'(s)),
        .funct      (loop_funct),
        .rs1        (loop_rs1),
        .rs2        (loop_rs2),
        .bound_i    (bound_i[s]),
        .bound_j    (bound_j[s]),
        .bound_k    (bound_k[s]),
        .pad_i      (pad_i[s]),
        .pad_j      (pad_j[s]),
        .pad_k      (pad_k[s]),
        .address_a  (address_a[s]),
        .address_b  (address_b[s]),
        .address_d  (address_d[s]),
        .address_c  (address_c[s]),
        .stride_a   (stride_a[s]),
        .stride_b   (stride_b[s]),
        .stride_d   (stride_d[s]),
        .stride_c   (stride_c[s]),
        .accumulates(accumulates[s]),
        .full_c     (full_c[s]),
        .transpose_a(transpose_a[s]),
        .transpose_b(transpose_b[s])
      );
    end
  endgenerate

  // Where a loop's operands lie: A at the start of its half of the scratchpad, B at the end. LOOP_WS names the
  // halves (1, 2) or leaves them to the slot (0).
  wire [1:0] a_half = loop_rs1[19:18];
  wire [1:0] b_half = loop_rs1[17:16];
  wire a_second = a_half == 2'd0 ? next : a_half[1];
  wire b_second = b_half == 2'd0 ? next : b_half[1];
  wire [TILE_BITS-2:0] b_tiles = (TILE_BITS - 1)'(bound_k[next]) * (TILE_BITS - 1)'(bound_j[next]);
  wire [ROW_BITS-1:0] b_end = b_second ? ROW_BITS'(SCRATCHPAD_ROWS) : HALF;

  always_ff @(posedge clock) begin
    if (runs) begin
      a_start[next] <= a_second ? HALF : '0;
      b_start[next] <= b_end - (ROW_BITS'(b_tiles) << SIDE_BITS);
      c_start[next] <= next_c_start;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      next <= 1'b0;
      next_c_start <= '0;
    end else if (runs) begin
      next <= !next;
      if (address_c[next] != '0) begin
        next_c_start <= next_c_start ^ ACCUMULATOR_HALF;
      end
    end
  end

  // ---- The walks.

  logic [4:0] starts;
  logic [4:0] steps;
  logic [4:0] last;
  logic [TILE_BITS-1:0] outer_a, inner_a, outer_b, inner_b, outer_c, inner_c;
  logic [TILE_BITS-1:0] tiles_a, tiles_b, tiles_d, tiles_c, outer_d, inner_d;
  logic [ADDRESS_BITS-1:0] a_address, b_address, d_address, c_address;
  logic [ROW_BITS-1:0] a_row, b_row, d_row, c_row;
  logic [15:0] a_rows, b_rows, d_rows, c_rows, a_columns, b_columns, d_columns, c_columns;

  move_walk #(
    .SIDE         (SIDE),
    .ELEMENT_BYTES(ELEMENT_BYTES),
    .BLOCK        (BLOCK),
    .ROW_BITS     (ROW_BITS),
    .TILE_BITS    (TILE_BITS)
  ) walk_a (
    .clock          (clock),
    .start          (starts[A]),
    .step           (steps[A]),
    .column_is_inner(transpose_a[slot[A]]),
    .single         (1'b0),
    .base           (address_a[slot[A]]),
    .stride         (stride_a[slot[A]]),
    .local_start    (a_start[slot[A]]),
    .rows           (transpose_a[slot[A]] ? bound_k[slot[A]] : bound_i[slot[A]]),
    .columns        (transpose_a[slot[A]] ? bound_i[slot[A]] : bound_k[slot[A]]),
    .row_padding    (transpose_a[slot[A]] ? pad_k[slot[A]] : pad_i[slot[A]]),
    .column_padding (transpose_a[slot[A]] ? pad_i[slot[A]] : pad_k[slot[A]]),
    .last           (last[A]),
    .outer          (outer_a),
    .inner          (inner_a),
    .tiles          (tiles_a),
    .move_address   (a_address),
    .move_row       (a_row),
    .move_rows      (a_rows),
    .move_columns   (a_columns)
  );

  // Rows of B's last tile are not cut off, as in Gemmini (LoopMatmul.scala compares an iterator with itself);
  // the preload masks them.
  move_walk #(
    .SIDE         (SIDE),
    .ELEMENT_BYTES(ELEMENT_BYTES),
    .BLOCK        (BLOCK),
    .ROW_BITS     (ROW_BITS),
    .TILE_BITS    (TILE_BITS)
  ) walk_b (
    .clock          (clock),
    .start          (starts[B]),
    .step           (steps[B]),
    .column_is_inner(!transpose_b[slot[B]]),
    .single         (1'b0),
    .base           (address_b[slot[B]]),
    .stride         (stride_b[slot[B]]),
    .local_start    (b_start[slot[B]]),
    .rows           (transpose_b[slot[B]] ? bound_j[slot[B]] : bound_k[slot[B]]),
    .columns        (transpose_b[slot[B]] ? bound_k[slot[B]] : bound_j[slot[B]]),
    .row_padding    ('0),
    .column_padding (transpose_b[slot[B]] ? pad_k[slot[B]] : pad_j[slot[B]]),
    .last           (last[B]),
    .outer          (outer_b),
    .inner          (inner_b),
    .tiles          (tiles_b),
    .move_address   (b_address),
    .move_row       (b_row),
    .move_rows      (b_rows),
    .move_columns   (b_columns)
  );

  move_walk #(
    .SIDE         (SIDE),
    .ELEMENT_BYTES(ELEMENT_BYTES),
    .BLOCK        (BLOCK),
    .ROW_BITS     (ROW_BITS),
    .TILE_BITS    (TILE_BITS)
  ) walk_d (
    .clock          (clock),
    .start          (starts[D]),
    .step           (steps[D]),
    .column_is_inner(1'b0),
    .single         (1'b0),
    .base           (address_d[slot[D]]),
    .stride         (stride_d[slot[D]]),
    .local_start    (c_start[slot[D]]),
    .rows           (bound_i[slot[D]]),
    .columns        (bound_j[slot[D]]),
    .row_padding    (pad_i[slot[D]]),
    .column_padding (pad_j[slot[D]]),
    .last           (last[D]),
    .outer          (outer_d),
    .inner          (inner_d),
    .tiles          (tiles_d),
    .move_address   (d_address),
    .move_row       (d_row),
    .move_rows      (d_rows),
    .move_columns   (d_columns)
  );

  move_walk #(
    .SIDE         (SIDE),
    .ELEMENT_BYTES(ELEMENT_BYTES),
    .BLOCK        (BLOCK),
    .ROW_BITS     (ROW_BITS),
    .TILE_BITS    (TILE_BITS)
  ) walk_c (
    .clock          (clock),
    .start          (starts[C]),
    .step           (steps[C]),
    .column_is_inner(1'b0),
    .single         (full_c[slot[C]]),
    .base           (address_c[slot[C]]),
    .stride         (stride_c[slot[C]]),
    .local_start    (c_start[slot[C]]),
    .rows           (bound_i[slot[C]]),
    .columns        (bound_j[slot[C]]),
    .row_padding    (pad_i[slot[C]]),
    .column_padding (pad_j[slot[C]]),
    .last           (last[C]),
    .outer          (outer_c),
    .inner          (inner_c),
    .tiles          (tiles_c),
    .move_address   (c_address),
    .move_row       (c_row),
    .move_rows      (c_rows),
    .move_columns   (c_columns)
  );

  wire unused_walks = &{1'b0, tiles_a, tiles_b, tiles_d, outer_d, inner_d};

  logic at_preload, last_i, last_j, last_k;
  logic [TILE_BITS-1:0] i, j, k;
  logic [ROW_BITS-1:0] x_a_row, x_b_row, x_c_row;

  execute_walk #(
    .SIDE     (SIDE),
    .ROW_BITS (ROW_BITS),
    .TILE_BITS(TILE_BITS)
  ) walk_x (
    .clock      (clock),
    .start      (starts[X]),
    .step       (steps[X]),
    .transpose_a(transpose_a[slot[X]]),
    .transpose_b(transpose_b[slot[X]]),
    .bound_i    (bound_i[slot[X]]),
    .bound_j    (bound_j[slot[X]]),
    .bound_k    (bound_k[slot[X]]),
    .a_start    (a_start[slot[X]]),
    .b_start    (b_start[slot[X]]),
    .c_start    (c_start[slot[X]]),
    .last       (last[X]),
    .at_preload (at_preload),
    .i          (i),
    .j          (j),
    .k          (k),
    .last_i     (last_i),
    .last_j     (last_j),
    .last_k     (last_k),
    .a_row      (x_a_row),
    .b_row      (x_b_row),
    .c_row      (x_c_row)
  );

  // ---- Who has the output.

  // A unit has nothing to move if its address is 0: its walk is over before it begins.
  wire [4:0] empty = {
    address_c[slot[C]] == '0,
    1'b0,
    address_d[slot[D]] == '0,
    address_b[slot[B]] == '0,
    address_a[slot[A]] == '0
  };
  wire [4:0] wants = working & ~empty;

  // Multiplications come behind the move-ins of what they read, which the reservation station then waits for.
  wire a_ahead = finished[slot[X]][A] || outer_a > k || (outer_a == k && inner_a > i);
  wire b_ahead = finished[slot[X]][B] || outer_b > k || (outer_b == k && inner_b > j);
  wire may_execute = a_ahead && b_ahead && finished[slot[X]][D];

  // A block of C is complete when the multiplications of the last k have passed its last tile.
  wire [TILE_BITS-1:0] c_end = outer_c + tiles_c;
  wire may_store = finished[slot[C]][X] || (slot[X] == slot[C] && last_k &&
                                            (j >= c_end || (j == c_end - 1'b1 && i > inner_c)));

  // Of A and B the one of the older loop; within a loop the one that is needed first.
  wire b_first = slot[A] != slot[B] ? slot[B] == head : outer_a > outer_b || (outer_b == '0 && inner_b == '0);

  always_comb begin
    steps = '0;
    if (wants[C] && room_store && may_store) begin
      steps[C] = 1'b1;
    end else if (wants[X] && room_execute && may_execute) begin
      steps[X] = 1'b1;
    end else if (room_load) begin
      if (wants[D]) begin
        steps[D] = 1'b1;
      end else if (wants[B] && (b_first || !wants[A])) begin
        steps[B] = 1'b1;
      end else if (wants[A]) begin
        steps[A] = 1'b1;
      end
    end
  end

  wire [4:0] ends = working & (empty | (steps & last));

  // ---- Units go from loop to loop: the one at the head first, then the other. Multiplications begin when the
  // move-ins have begun, move-outs when those have.

  wire [4:0] ready_head = {started[head][X], &started[head][D:A], 3'b111};
  wire [4:0] ready_other = {started[!head][X], &started[!head][D:A], 3'b111};
  wire [4:0] starts_head = {5{configured[head]}} & ~started[head] & ready_head & ~working;
  wire [4:0] starts_other = {5{configured[!head]}} & started[head] & ~started[!head] & ready_other & ~working;
  wire head_ends = configured[head] && (&finished[head]);

  assign starts = starts_head | starts_other;

  always_ff @(posedge clock) begin
    if (reset) begin
      head <= 1'b0;
      configured <= '0;
      started[0] <= '0;
      started[1] <= '0;
      finished[0] <= '0;
      finished[1] <= '0;
      working <= '0;
      slot <= '0;
    end else begin
      working <= (working & ~ends) | starts;
      slot <= (slot & ~starts) | ({5{head}} & starts_head) | ({5{!head}} & starts_other);
      started[head] <= started[head] | starts_head;
      started[!head] <= started[!head] | starts_other;
      finished[0] <= finished[0] | (ends & ~slot);
      finished[1] <= finished[1] | (ends & slot);
      if (head_ends) begin
        head <= !head;
        configured[head] <= 1'b0;
        started[head] <= '0;
        finished[head] <= '0;
      end
      if (runs) begin
        configured[next] <= 1'b1;
      end
    end
  end

  // ---- The command.

  localparam int unsigned ROW_FILL = 29 - ROW_BITS;
  wire [15:0] cut_i = 16'(SIDE) - (last_i ? 16'(pad_i[slot[X]]) : 16'd0);
  wire [15:0] cut_j = 16'(SIDE) - (last_j ? 16'(pad_j[slot[X]]) : 16'd0);
  wire [15:0] cut_k = 16'(SIDE) - (last_k ? 16'(pad_k[slot[X]]) : 16'd0);
  wire first_i = i == '0;
  wire adds = accumulates[slot[X]] || k != '0;
  wire [31:0] weights = first_i ? {3'b000, {ROW_FILL{1'b0}}, x_b_row} : GARBAGE;
  wire [31:0] result = {1'b1, adds, 1'b0, {ROW_FILL{1'b0}}, x_c_row};
  wire [31:0] input_a = {3'b000, {ROW_FILL{1'b0}}, x_a_row};

  assign command_valid = |steps;
  always_comb begin
    command_funct = gemmini_pkg::FUNCT_MOVE_IN_0;
    command_rs1 = 64'(a_address);
    command_rs2 = {a_rows, a_columns, 3'b000, {ROW_FILL{1'b0}}, a_row};
    if (steps[B]) begin
      command_funct = gemmini_pkg::FUNCT_MOVE_IN_1;
      command_rs1 = 64'(b_address);
      command_rs2 = {b_rows, b_columns, 3'b000, {ROW_FILL{1'b0}}, b_row};
    end
    if (steps[D]) begin
      command_funct = gemmini_pkg::FUNCT_MOVE_IN_2;
      command_rs1 = 64'(d_address);
      command_rs2 = {d_rows, d_columns, 3'b100, {ROW_FILL{1'b0}}, d_row};
    end
    if (steps[C]) begin
      command_funct = gemmini_pkg::FUNCT_MOVE_OUT;
      command_rs1 = 64'(c_address);
      command_rs2 = {c_rows, c_columns, 2'b10, full_c[slot[C]], {ROW_FILL{1'b0}}, c_row};
    end
    if (steps[X]) begin
      if (at_preload) begin
        command_funct = gemmini_pkg::FUNCT_PRELOAD;
        command_rs1 = {cut_k, cut_j, weights};
        command_rs2 = {cut_i, cut_j, result};
      end else begin
        command_funct = first_i ? gemmini_pkg::FUNCT_COMPUTE_PRELOADED : gemmini_pkg::FUNCT_COMPUTE_ACCUMULATED;
        command_rs1 = {cut_i, cut_k, input_a};
        command_rs2 = {16'(SIDE), 16'(SIDE), GARBAGE};
      end
    end
  end

endmodule
