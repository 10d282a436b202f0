// Decodes primitive commands. Configurations are kept here and go along with the commands behind them, so that the
// controllers need none; a PRELOAD is kept until its COMPUTE comes, and both are one command for the mesh.
//
// One command a cycle (`valid`), no latency but for what is kept. Outputs are good in the cycle of their
// `*_valid`. Ranges of local rows as in range_table.sv; one that wraps around its memory, or is not contiguous,
// is taken to be all of it.
//
// Operands lie in the scratchpad, with READS_ACCUMULATOR also in the accumulator (`*_accumulator`): then operand_scale
// and execute_relu are for them. Results go to the accumulator, with WRITES_SCRATCHPAD also to the scratchpad
// (`c_scratchpad`), where execute_relu is for them and nothing is added. What a PRELOAD and its COMPUTE are configured to
// is what is in force at the COMPUTE.

module command_decoder #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned SCALE_BITS = 16,
  parameter int unsigned SCRATCHPAD_ROWS = 16384,
  parameter int unsigned ACCUMULATOR_ROWS = 4096,
  parameter int unsigned MOST_COLUMNS = 32,
  parameter bit READS_ACCUMULATOR = 0,
  parameter bit WRITES_SCRATCHPAD = 0,
  localparam int unsigned MOST_ROWS = SCRATCHPAD_ROWS > ACCUMULATOR_ROWS ? SCRATCHPAD_ROWS : ACCUMULATOR_ROWS,
  localparam int unsigned ROW_BITS = $clog2(MOST_ROWS),
  localparam int unsigned RANGE_BITS = 2 * ROW_BITS + 2,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,  // 0 to SIDE
  localparam int unsigned COLUMN_BITS = $clog2(MOST_COLUMNS) + 1,
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS,
  localparam int unsigned STRIDE_BITS = gemmini_pkg::STRIDE_BITS,
  localparam int unsigned TILE_WIDTH = 1 + ROW_BITS + 2 * SIZE_BITS  // {present, row, rows, columns}
) (
  input  logic                    clock,
  input  logic                    reset,
  input  logic                    valid,
  input  logic [             6:0] funct,
  input  logic [            63:0] rs1,
  input  logic [            63:0] rs2,
  // Moves.
  output logic                    load_valid,
  output logic                    store_valid,
  output logic [ADDRESS_BITS-1:0] move_address,
  output logic [    ROW_BITS-1:0] move_row,
  output logic                    move_accumulator,
  output logic                    move_adds,
  output logic                    move_full,         // the accumulator's own bits, neither activated nor scaled
  output logic [   SIZE_BITS-1:0] move_rows,
  output logic [ COLUMN_BITS-1:0] move_columns,
  output logic [  RANGE_BITS-1:0] move_range,
  output logic [ STRIDE_BITS-1:0] load_stride,
  output logic [    ROW_BITS-1:0] load_block_stride,
  output logic [  SCALE_BITS-1:0] load_scale,
  output logic [ STRIDE_BITS-1:0] store_stride,
  output logic [  SCALE_BITS-1:0] store_scale,
  output logic                    store_relu,
  // Multiplications.
  output logic                    execute_valid,
  output logic                    execute_flip,      // with the weights of this PRELOAD, else those in use
  output logic                    transpose_a,
  output logic                    transpose_b,
  output logic [    ROW_BITS-1:0] a_stride,
  output logic [    ROW_BITS-1:0] c_stride,
  output logic [  TILE_WIDTH-1:0] a_tile,
  output logic [  TILE_WIDTH-1:0] b_tile,
  output logic [  TILE_WIDTH-1:0] d_tile,
  output logic [  TILE_WIDTH-1:0] c_tile,
  output logic                    c_adds,
  output logic                    a_accumulator,     // A lies in the accumulator
  output logic                    b_accumulator,
  output logic                    d_accumulator,
  output logic                    c_scratchpad,      // C goes to the scratchpad
  output logic                    execute_relu,
  output logic [  SCALE_BITS-1:0] operand_scale,
  output logic [  RANGE_BITS-1:0] a_range,
  output logic [  RANGE_BITS-1:0] b_range,
  output logic [  RANGE_BITS-1:0] c_range
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  localparam logic [ROW_BITS-1:0] SCRATCHPAD_MASK = ROW_BITS'(SCRATCHPAD_ROWS - 1);
  localparam logic [ROW_BITS-1:0] ACCUMULATOR_MASK = ROW_BITS'(ACCUMULATOR_ROWS - 1);
  localparam int unsigned COUNT_BITS = ROW_BITS + 2;

  // ---- Local addresses and ranges.

  function automatic logic garbage(input logic [ROW_BITS+3:0] flags_and_row);
    garbage = &flags_and_row;
  endfunction

  function automatic logic [ROW_BITS-1:0] row_of(input logic accumulator, input logic [ROW_BITS-1:0] row);
    row_of = row & (accumulator ? ACCUMULATOR_MASK : SCRATCHPAD_MASK);
  endfunction

  function automatic logic [RANGE_BITS-1:0] range_of(input logic present, input logic accumulator,
                                                     input logic [ROW_BITS-1:0] row, input logic all,
                                                     input logic [COLUMN_BITS-1:0] count);
    logic [COUNT_BITS-1:0] size;
    logic [COUNT_BITS-1:0] end_row;
    size = accumulator ? COUNT_BITS'(ACCUMULATOR_ROWS) : COUNT_BITS'(SCRATCHPAD_ROWS);
    end_row = COUNT_BITS'(row) + COUNT_BITS'(count);
    if (!present) begin
      range_of = '0;
    end else if (all || end_row > size) begin
      range_of = {accumulator, {ROW_BITS{1'b0}}, size[ROW_BITS:0]};
    end else begin
      range_of = {accumulator, row, end_row[ROW_BITS:0]};
    end
  endfunction

  // ---- Configuration.

  wire config_valid = valid && funct == gemmini_pkg::FUNCT_CONFIG;
  wire config_execute = config_valid && rs1[1:0] == gemmini_pkg::CONFIG_EXECUTE;
  wire config_load = config_valid && rs1[1:0] == gemmini_pkg::CONFIG_LOAD;
  wire config_store = config_valid && rs1[1:0] == gemmini_pkg::CONFIG_STORE;
  wire only_strides = rs1[7];
  wire [SCALE_BITS-1:0] new_store_scale = rs2[32+:SCALE_BITS];

  always_ff @(posedge clock) begin
    if (reset) begin
      transpose_a <= 1'b0;
      transpose_b <= 1'b0;
      store_scale <= {SCALE_BITS{1'b1}};
    end else begin
      if (config_execute && !only_strides) begin
        transpose_a <= rs1[8];
        transpose_b <= rs1[9];
      end
      if (config_store && !(&new_store_scale)) begin
        store_scale <= new_store_scale;
      end
    end
  end

  always_ff @(posedge clock) begin
    if (config_execute) begin
      a_stride <= ROW_BITS'(rs1[31:16]);
      c_stride <= ROW_BITS'(rs2[63:48]);
    end
    if (config_store) begin
      store_relu <= rs1[2];
      store_stride <= STRIDE_BITS'(rs2[31:0]);
    end
  end

  generate
    if (READS_ACCUMULATOR || WRITES_SCRATCHPAD) begin : gen_relu
      always_ff @(posedge clock) begin
        if (reset) begin
          execute_relu <= 1'b0;
        end else if (config_execute && !only_strides) begin
          execute_relu <= rs1[3];
        end
      end
    end else begin : gen_no_relu
      assign execute_relu = 1'b0;
    end
    if (READS_ACCUMULATOR) begin : gen_operand_scale
      always_ff @(posedge clock) begin
        if (reset) begin
          operand_scale <= '0;
        end else if (config_execute && !only_strides) begin
          operand_scale <= rs1[32+:SCALE_BITS];
        end
      end
    end else begin : gen_no_operand_scale
      assign operand_scale = '0;
    end
  endgenerate

  // Move-ins have three channels.
  wire [1:0] channel = funct == gemmini_pkg::FUNCT_MOVE_IN_1 ? 2'd1 : funct == gemmini_pkg::FUNCT_MOVE_IN_2 ? 2'd2 :
                       2'd0;
  localparam int unsigned CHANNEL_BITS = STRIDE_BITS + 16 + SCALE_BITS;
  logic [3*CHANNEL_BITS-1:0] channels;
  generate
    genvar c;
    for (c = 0; c < 3; c = c + 1) begin : gen_channels
      always_ff @(posedge clock) begin
        if (config_load && rs1[4:3] == 2'(c)) begin
          channels[c*CHANNEL_BITS+:CHANNEL_BITS] <= {rs2[STRIDE_BITS-1:0], rs1[31:16], rs1[32+:SCALE_BITS]};
        end
      end
    end
  endgenerate
  wire [CHANNEL_BITS-1:0] own_channel = channel == 2'd2 ? channels[2*CHANNEL_BITS+:CHANNEL_BITS] :
                                        channel == 2'd1 ? channels[CHANNEL_BITS+:CHANNEL_BITS] :
                                        channels[0+:CHANNEL_BITS];
  logic [15:0] block_stride;
  assign {load_stride, block_stride, load_scale} = own_channel;
  assign load_block_stride = ROW_BITS'(block_stride);

  // ---- Moves.

  wire move_in = funct == gemmini_pkg::FUNCT_MOVE_IN_0 || funct == gemmini_pkg::FUNCT_MOVE_IN_1 ||
                 funct == gemmini_pkg::FUNCT_MOVE_IN_2;
  assign load_valid = valid && move_in;
  assign store_valid = valid && funct == gemmini_pkg::FUNCT_MOVE_OUT;
  assign move_address = rs1[ADDRESS_BITS-1:0];
  assign move_accumulator = rs2[31];
  assign move_adds = rs2[30];
  assign move_full = rs2[29];
  assign move_row = row_of(rs2[31], rs2[ROW_BITS-1:0]);
  assign move_rows = rs2[48+:SIZE_BITS];
  assign move_columns = rs2[32+:COLUMN_BITS];

  wire [COLUMN_BITS-1:0] last_block = (move_columns - 1'b1) >> SIDE_BITS;
  wire scattered = move_in && last_block != '0 && block_stride != 16'(SIDE);
  assign move_range = range_of(1'b1, move_accumulator, move_row, scattered,
                               (last_block << SIDE_BITS) + COLUMN_BITS'(move_rows));

  // ---- Multiplications.

  wire preload = valid && funct == gemmini_pkg::FUNCT_PRELOAD;
  assign execute_flip = funct == gemmini_pkg::FUNCT_COMPUTE_PRELOADED;
  assign execute_valid = valid && (execute_flip || funct == gemmini_pkg::FUNCT_COMPUTE_ACCUMULATED);

  // Of A or B at rs1, and of C or D at rs2.
  wire first_accumulator = READS_ACCUMULATOR && rs1[31];
  wire to_scratchpad = WRITES_SCRATCHPAD && !rs2[31];
  assign a_accumulator = first_accumulator;
  assign d_accumulator = READS_ACCUMULATOR && rs2[31];

  always_ff @(posedge clock) begin
    if (preload) begin
      b_tile <= {
        !garbage({rs1[31:29], rs1[ROW_BITS:0]}),
        row_of(first_accumulator, rs1[ROW_BITS-1:0]),
        rs1[48+:SIZE_BITS],
        rs1[32+:SIZE_BITS]
      };
      c_tile <= {
        !garbage({rs2[31:29], rs2[ROW_BITS:0]}),
        row_of(!to_scratchpad, rs2[ROW_BITS-1:0]),
        rs2[48+:SIZE_BITS],
        rs2[32+:SIZE_BITS]
      };
      c_adds <= rs2[30] && !to_scratchpad;
    end
  end

  generate
    if (READS_ACCUMULATOR) begin : gen_b_accumulator
      always_ff @(posedge clock) begin
        if (preload) begin
          b_accumulator <= first_accumulator;
        end
      end
    end else begin : gen_b_scratchpad
      assign b_accumulator = 1'b0;
    end
    if (WRITES_SCRATCHPAD) begin : gen_c_scratchpad
      always_ff @(posedge clock) begin
        if (preload) begin
          c_scratchpad <= to_scratchpad;
        end
      end
    end else begin : gen_c_accumulator
      assign c_scratchpad = 1'b0;
    end
  endgenerate

  assign a_tile = {
    !garbage({rs1[31:29], rs1[ROW_BITS:0]}),
    row_of(a_accumulator, rs1[ROW_BITS-1:0]),
    rs1[48+:SIZE_BITS],
    rs1[32+:SIZE_BITS]
  };
  assign d_tile = {
    !garbage({rs2[31:29], rs2[ROW_BITS:0]}),
    row_of(d_accumulator, rs2[ROW_BITS-1:0]),
    rs2[48+:SIZE_BITS],
    rs2[32+:SIZE_BITS]
  };

  // Rows of local memory that a tile takes; a transposed one as many as it has columns.
  function automatic logic [RANGE_BITS-1:0] tile_range(input logic [TILE_WIDTH-1:0] tile, input logic accumulator,
                                                       input logic transposed, input logic scattered_rows);
    tile_range = range_of(tile[TILE_WIDTH-1], accumulator, tile[2*SIZE_BITS+:ROW_BITS], scattered_rows,
                          transposed ? COLUMN_BITS'(tile[SIZE_BITS-1:0]) : COLUMN_BITS'(tile[SIZE_BITS+:SIZE_BITS]));
  endfunction

  assign a_range = tile_range(a_tile, a_accumulator, transpose_a, a_stride != ROW_BITS'(1));
  assign b_range = tile_range(b_tile, b_accumulator, transpose_b, 1'b0);
  assign c_range = tile_range(c_tile, !c_scratchpad, 1'b0, c_stride != ROW_BITS'(1));

  wire first_present = !garbage({rs1[31:29], rs1[ROW_BITS:0]});
  wire second_present = !garbage({rs2[31:29], rs2[ROW_BITS:0]});
  never_check operands_where_they_can_be (
    .clock  (clock),
    .reset  (reset),
    .happens((preload && second_present && !rs2[31] && !WRITES_SCRATCHPAD) ||
             ((preload || execute_valid) && first_present && rs1[31] && !READS_ACCUMULATOR) ||
             (execute_valid && second_present && rs2[31] && !READS_ACCUMULATOR))
  );

  wire unused = &{1'b0, rs1, rs2};

endmodule
