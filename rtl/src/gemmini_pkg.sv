// Constants and functions of the accelerator. Yosys' front end takes a package only by its full name, so
// modules write `gemmini_pkg::NAME` and nothing is imported.

package gemmini_pkg;

  // Function codes of the RoCC commands.
  localparam logic [6:0] FUNCT_CONFIG = 7'd0;
  localparam logic [6:0] FUNCT_MOVE_IN_1 = 7'd1;
  localparam logic [6:0] FUNCT_MOVE_IN_0 = 7'd2;
  localparam logic [6:0] FUNCT_MOVE_OUT = 7'd3;
  localparam logic [6:0] FUNCT_COMPUTE_PRELOADED = 7'd4;
  localparam logic [6:0] FUNCT_COMPUTE_ACCUMULATED = 7'd5;
  localparam logic [6:0] FUNCT_PRELOAD = 7'd6;
  localparam logic [6:0] FUNCT_FLUSH = 7'd7;
  localparam logic [6:0] FUNCT_LOOP = 7'd8;
  localparam logic [6:0] FUNCT_LOOP_BOUNDS = 7'd9;
  localparam logic [6:0] FUNCT_LOOP_ADDRESSES_AB = 7'd10;
  localparam logic [6:0] FUNCT_LOOP_ADDRESSES_DC = 7'd11;
  localparam logic [6:0] FUNCT_LOOP_STRIDES_AB = 7'd12;
  localparam logic [6:0] FUNCT_LOOP_STRIDES_DC = 7'd13;
  localparam logic [6:0] FUNCT_MOVE_IN_2 = 7'd14;
  localparam logic [6:0] FUNCT_COUNTER = 7'd126;

  // rs1[1:0] of FUNCT_CONFIG.
  localparam logic [1:0] CONFIG_EXECUTE = 2'd0;
  localparam logic [1:0] CONFIG_LOAD = 2'd1;
  localparam logic [1:0] CONFIG_STORE = 2'd2;

  // Bits of an address in main memory, as Rocket's.
  localparam int unsigned ADDRESS_BITS = 40;
  // Bits of a stride in main memory, in bytes.
  localparam int unsigned STRIDE_BITS = 40;

  // A result row may follow another of the same accumulator row after so many cycles: one reads, two add, one
  // writes (accumulator.sv). Phases of the mesh are never shorter.
  localparam int unsigned ACCUMULATE_CYCLES = 4;
  localparam int unsigned ADD_STAGES = 2;

  // Cycles from a granted read of the scratchpad or the accumulator to its data: the memory, the choice of bank.
  localparam int unsigned READ_CYCLES = 2;

  // Memories that a bank consists of, by consecutive tiles in turn, so that a bank which is written can still
  // be read elsewhere: as many as leave each a block RAM's 512 rows, at least a tile.
  function automatic int unsigned sub_banks(input int unsigned bank_rows, input int unsigned side,
                                            input int unsigned most);
    if (bank_rows >= 512 * most) begin
      sub_banks = most;
    end else if (bank_rows >= 1024) begin
      sub_banks = bank_rows / 512;
    end else if (bank_rows >= 2 * side && bank_rows < 512) begin
      sub_banks = 2;
    end else begin
      sub_banks = 1;
    end
  endfunction

  // Cycles from a row's entering the mesh to its result (mesh.sv).
  function automatic int unsigned mesh_latency(input int unsigned side, input int unsigned sum_stages);
    mesh_latency = 2 + side * sum_stages;
  endfunction

endpackage
