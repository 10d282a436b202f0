// Reads the rows of tiles that the mesh needs, ahead of it, and fills up with zeros: elements outside a tile's
// rows and columns, and whole tiles that are not there.
//
// A job is a tile of which `job_fetch` rows are wanted, of which the first `job_rows` are read from local row
// job_row on, job_stride apart. The next job is taken when the last row of one has been asked for. A read is
// granted by read_ready in its cycle; data come gemmini_pkg::READ_CYCLES later. Rows leave in order by out_valid;
// `sent` says that one of them, or with `sent_tag` whatever that stands for, may be counted as gone: no more than CAPACITY
// are asked for that have not.
//
// With READS_ACCUMULATOR a tile's source, {accumulator, relu, scale}, says where its rows are and is at read_source with
// its reads. Those of the accumulator come through a scaler, SCALE_STAGES cycles later than the others, at scaled_data;
// after them others are not asked for as long as they could overtake.

module operand_fetcher #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned W = 16,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned CAPACITY = 16,
  parameter bit READS_ACCUMULATOR = 0,
  parameter int unsigned SCALE_STAGES = 3,  // at least 1
  localparam int unsigned WIDTH = SIDE * W,
  localparam int unsigned SIZE_BITS = $clog2(SIDE) + 1,
  localparam int unsigned HELD_BITS = $clog2(CAPACITY + 1)
) (
  input  logic                 clock,
  input  logic                 reset,
  input  logic                 job_valid,
  output logic                 job_ready,
  input  logic [ ROW_BITS-1:0] job_row,
  input  logic [ ROW_BITS-1:0] job_stride,
  input  logic [SIZE_BITS-1:0] job_fetch,
  input  logic [SIZE_BITS-1:0] job_rows,
  input  logic [SIZE_BITS-1:0] job_columns,
  input  logic                 job_tag,      // goes along with the rows
  input  logic [        W+1:0] job_source,
  output logic                 busy,
  output logic                 read_valid,
  input  logic                 read_ready,
  output logic [ ROW_BITS-1:0] read_row,
  output logic [        W+1:0] read_source,
  input  logic [    WIDTH-1:0] read_data,
  input  logic [    WIDTH-1:0] scaled_data,
  output logic                 out_valid,
  output logic                 out_tag,
  output logic [    WIDTH-1:0] out_data,
  input  logic [HELD_BITS-1:0] sent          // rows that have gone in this cycle
);

  logic [SIZE_BITS-1:0] done;
  logic [SIZE_BITS-1:0] fetch;
  logic [SIZE_BITS-1:0] rows;
  logic [SIZE_BITS-1:0] columns;
  logic [ROW_BITS-1:0] stride;
  logic tag;
  logic [HELD_BITS-1:0] held;  // asked for and not gone

  wire take = job_valid && job_ready;
  wire reads = done < rows;
  logic overtakes;
  wire may_ask = busy && held != HELD_BITS'(CAPACITY) && !overtakes;
  wire asks = may_ask && (!reads || read_ready);
  wire last = asks && done == fetch - 1'b1;
  assign read_valid = may_ask && reads;
  assign job_ready = !busy || last;

  always_ff @(posedge clock) begin
    if (take) begin
      done <= '0;
      fetch <= job_fetch;
      rows <= job_rows;
      columns <= job_columns;
      stride <= job_stride;
      tag <= job_tag;
      read_row <= job_row;
    end else if (asks) begin
      done <= done + 1'b1;
      read_row <= read_row + stride;
    end
  end

  always_ff @(posedge clock) begin
    if (reset) begin
      busy <= 1'b0;
      held <= '0;
    end else begin
      busy <= take ? job_fetch != '0 : busy && !last;
      held <= held + HELD_BITS'(asks) - sent;
    end
  end

  // ---- What comes back.

  wire [SIZE_BITS:0] asked = {tag, reads ? columns : SIZE_BITS'(0)};
  logic of_scratchpad, comes;
  logic [SIZE_BITS:0] came;
  valid_delay #(
    .WIDTH (1),
    .STAGES(gemmini_pkg::READ_CYCLES)
  ) valids (
    .clock(clock),
    .reset(reset),
    .in   (asks && of_scratchpad),
    .out  (comes)
  );

  delay #(
    .WIDTH (1 + SIZE_BITS),
    .STAGES(gemmini_pkg::READ_CYCLES)
  ) marks (
    .clock(clock),
    .in   (asked),
    .out  (came)
  );

  logic [SIZE_BITS-1:0] shown;  // columns
  logic [WIDTH-1:0] shown_data;
  generate
    if (READS_ACCUMULATOR) begin : gen_scaled
      logic scaled_comes;
      logic [SIZE_BITS:0] scaled_came;
      logic [SCALE_STAGES-1:0] scaling;  // rows asked for in the last cycles
      assign of_scratchpad = !read_source[W+1];
      assign overtakes = of_scratchpad && scaling != '0;
      always_ff @(posedge clock) begin
        if (take) begin
          read_source <= job_source;
        end
        if (reset) begin
          scaling <= '0;
        end else begin
          scaling <= SCALE_STAGES'({scaling, asks && !of_scratchpad});
        end
      end

      valid_delay #(
        .WIDTH (1),
        .STAGES(gemmini_pkg::READ_CYCLES + SCALE_STAGES)
      ) scaled_valids (
        .clock(clock),
        .reset(reset),
        .in   (asks && !of_scratchpad),
        .out  (scaled_comes)
      );

      delay #(
        .WIDTH (1 + SIZE_BITS),
        .STAGES(gemmini_pkg::READ_CYCLES + SCALE_STAGES)
      ) scaled_marks (
        .clock(clock),
        .in   (asked),
        .out  (scaled_came)
      );
      assign out_valid = comes || scaled_comes;
      assign {out_tag, shown} = scaled_comes ? scaled_came : came;
      assign shown_data = scaled_comes ? scaled_data : read_data;
    end else begin : gen_read
      wire unused = &{1'b0, job_source, scaled_data};
      assign read_source = '0;
      assign of_scratchpad = 1'b1;
      assign overtakes = 1'b0;
      assign out_valid = comes;
      assign {out_tag, shown} = came;
      assign shown_data = read_data;
    end
    genvar i;
    for (i = 0; i < SIDE; i = i + 1) begin : gen_mask
      assign out_data[i*W+:W] = shown > SIZE_BITS'(i) ? shown_data[i*W+:W] : '0;
    end
  endgenerate

endmodule
