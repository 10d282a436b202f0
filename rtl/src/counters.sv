// The performance counters of software: each counts an event's cycles, or shows a value that another unit keeps
// (external). `event_now`: event e happens in this cycle, under the numbers that software uses.
//
// A command (rs1 of COUNTER) gives in the same cycle the addressed counter as it was before: bit 0 resets all, 1 lets
// go of a snapshot, 2 takes one, 3 configures counter [6:4] for event [17:12], external if bit 31. A counter that is
// configured while there is a snapshot shows another external value in it.

module counters #(
  parameter int unsigned COUNTERS = 8,
  localparam int unsigned EVENTS = 45
) (
  input  logic              clock,
  input  logic              reset,
  input  logic              command,
  input  logic [      31:0] rs1,
  output logic [      31:0] result,
  input  logic [EVENTS-1:0] event_now,
  input  logic [       6:0] load_commands,      // in the reservation station
  input  logic [       6:0] store_commands,
  input  logic [       6:0] execute_commands,
  input  logic [       6:0] read_bytes,        // in this cycle
  input  logic [       6:0] written_bytes,
  input  logic              read_outstanding,
  input  logic              write_outstanding
);

  wire resets = command && rs1[0];
  wire releases = command && rs1[1];
  wire takes = command && rs1[2] && !rs1[1];
  wire configures = command && rs1[3];
  wire [2:0] index = rs1[6:4];
  wire unused = &{1'b0, rs1[11:7], rs1[30:18]};

  // ---- Values of other units.

  logic [31:0] all_read;
  logic [31:0] all_written;
  logic [31:0] read_cycles;
  logic [31:0] write_cycles;
  always_ff @(posedge clock) begin
    if (reset || resets) begin
      all_read <= '0;
      all_written <= '0;
      read_cycles <= '0;
      write_cycles <= '0;
    end else begin
      all_read <= all_read + 32'(read_bytes);
      all_written <= all_written + 32'(written_bytes);
      read_cycles <= read_cycles + 32'(read_outstanding);
      write_cycles <= write_cycles + 32'(write_outstanding);
    end
  end

  wire [8*32-1:0] externals = {
    write_cycles, read_cycles, all_written, all_read, 32'(execute_commands), 32'(store_commands), 32'(load_commands), 32'd0
  };

  // ---- Counters. A snapshot keeps all of both kinds, and that it is of the kind that the addressed counter is
  // (CounterFile.scala); external values are chosen when they are read.

  logic [32*COUNTERS-1:0] values;
  logic [32*COUNTERS-1:0] taken;
  logic [8*32-1:0] taken_externals;
  logic [6*COUNTERS-1:0] which;
  logic [COUNTERS-1:0] is_external;
  logic snapshot;
  logic taken_is_external;

  wire [2:0] place = which[index*6+:3];
  wire [31:0] value = snapshot ? taken[index*32+:32] : values[index*32+:32];
  wire [31:0] external_value = snapshot ? taken_externals[place*32+:32] : externals[place*32+:32];
  assign result = (snapshot ? taken_is_external : is_external[index]) ? external_value : value;

  generate
    genvar i;
    for (i = 0; i < COUNTERS; i = i + 1) begin : gen_counters
      wire [5:0] own = which[i*6+:6];
      logic [31:0] count;
      assign values[i*32+:32] = count;
      always_ff @(posedge clock) begin
        if (reset) begin
          which[i*6+:6] <= '0;
          is_external[i] <= 1'b0;
        end else if (configures && index == 3'(i)) begin
          which[i*6+:6] <= rs1[17:12];
          is_external[i] <= rs1[31];
        end
        if (reset || resets || (configures && index == 3'(i))) begin
          count <= '0;
        end else if (own < 6'(EVENTS) && event_now[own]) begin
          count <= count + 1'b1;
        end
      end
    end
  endgenerate

  always_ff @(posedge clock) begin
    if (reset || resets || releases) begin
      snapshot <= 1'b0;
    end else if (takes) begin
      snapshot <= 1'b1;
    end
    if (takes) begin
      taken <= values;
      taken_externals <= externals;
      taken_is_external <= is_external[index];
    end
  end

endmodule
