// Takes the core's commands in their order and the loops' commands between them, and hands one a cycle on to be
// decoded, when the queue of the reservation station that it goes to has room.
//
// Commands of loops go to the unroller; all others wait while a loop is in flight. COUNTER is carried out when it is the
// oldest (counter_command). Decoding is a register behind here: room_* must count for two.

module front_end #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned ELEMENT_BYTES = 2,
  parameter int unsigned BLOCK = 8,
  parameter int unsigned SCRATCHPAD_ROWS = 16384,
  parameter int unsigned ACCUMULATOR_ROWS = 4096,
  parameter int unsigned RAW_QUEUE = 2
) (
  input  logic        clock,
  input  logic        reset,
  input  logic        command_valid,
  output logic        command_ready,
  input  logic [ 6:0] command_funct,
  input  logic [63:0] command_rs1,
  input  logic [63:0] command_rs2,
  input  logic        room_load,
  input  logic        room_store,
  input  logic        room_execute,
  input  logic        room_response,
  output logic        decode_valid,
  output logic [ 6:0] decode_funct,
  output logic [63:0] decode_rs1,
  output logic [63:0] decode_rs2,
  output logic        counter_command,
  output logic [31:0] counter_rs1,
  output logic        loop_active,
  output logic        waiting
);

  logic head_valid, head_taken;
  logic [6:0] funct;
  logic [63:0] rs1, rs2;
  logic [$clog2(RAW_QUEUE+1)-1:0] raw_count;
  wire unused_count = &{1'b0, raw_count};

  fifo #(
    .WIDTH(135),
    .DEPTH(RAW_QUEUE)
  ) raw (
    .clock    (clock),
    .reset    (reset),
    .in_valid (command_valid),
    .in_ready (command_ready),
    .in_data  ({command_funct, command_rs1, command_rs2}),
    .out_valid(head_valid),
    .out_ready(head_taken),
    .out_data ({funct, rs1, rs2}),
    .count    (raw_count)
  );

  // ---- What the oldest command is, and whether it may go.

  wire is_loop = funct >= gemmini_pkg::FUNCT_LOOP && funct <= gemmini_pkg::FUNCT_LOOP_STRIDES_DC;
  wire is_counter = funct == gemmini_pkg::FUNCT_COUNTER;
  wire is_load = funct == gemmini_pkg::FUNCT_MOVE_IN_0 || funct == gemmini_pkg::FUNCT_MOVE_IN_1 ||
                 funct == gemmini_pkg::FUNCT_MOVE_IN_2;
  wire is_store = funct == gemmini_pkg::FUNCT_MOVE_OUT;
  wire is_execute = funct == gemmini_pkg::FUNCT_COMPUTE_PRELOADED || funct == gemmini_pkg::FUNCT_COMPUTE_ACCUMULATED ||
                    funct == gemmini_pkg::FUNCT_PRELOAD;
  wire is_primitive = funct == gemmini_pkg::FUNCT_CONFIG || is_load || is_store || is_execute;
  wire room = (!is_load || room_load) && (!is_store || room_store) && (!is_execute || room_execute) &&
              (!is_counter || room_response);
  logic loop_ready;

  wire goes = head_valid && !loop_active && !is_loop && room;
  assign head_taken = is_loop ? loop_ready : goes;
  assign counter_command = goes && is_counter;
  assign counter_rs1 = rs1[31:0];

  logic unrolled_valid;
  logic [6:0] unrolled_funct;
  logic [63:0] unrolled_rs1, unrolled_rs2;

  loop_unroller #(
    .SIDE            (SIDE),
    .ELEMENT_BYTES   (ELEMENT_BYTES),
    .BLOCK           (BLOCK),
    .SCRATCHPAD_ROWS (SCRATCHPAD_ROWS),
    .ACCUMULATOR_ROWS(ACCUMULATOR_ROWS)
  ) unroller (
    .clock        (clock),
    .reset        (reset),
    .loop_valid   (head_valid && is_loop),
    .loop_ready   (loop_ready),
    .loop_funct   (funct),
    .loop_rs1     (rs1),
    .loop_rs2     (rs2),
    .active       (loop_active),
    .room_load    (room_load),
    .room_store   (room_store),
    .room_execute (room_execute),
    .command_valid(unrolled_valid),
    .command_funct(unrolled_funct),
    .command_rs1  (unrolled_rs1),
    .command_rs2  (unrolled_rs2)
  );

  // ---- The command to be decoded.

  always_ff @(posedge clock) begin
    if (reset) begin
      decode_valid <= 1'b0;
    end else begin
      decode_valid <= loop_active ? unrolled_valid : goes && is_primitive;
    end
    decode_funct <= loop_active ? unrolled_funct : funct;
    decode_rs1 <= loop_active ? unrolled_rs1 : rs1;
    decode_rs2 <= loop_active ? unrolled_rs2 : rs2;
  end

  assign waiting = head_valid || decode_valid;

endmodule
