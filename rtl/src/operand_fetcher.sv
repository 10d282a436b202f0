// Reads the rows of tiles that the mesh needs, ahead of it, and fills up with zeros: elements outside a tile's
// rows and columns, and whole tiles that are not there.
//
// A job is a tile of which `job_fetch` rows are wanted, of which the first `job_rows` are read from local row
// job_row on, job_stride apart. The next job is taken when the last row of one has been asked for. A read is
// granted by read_ready in its cycle; data come gemmini_pkg::READ_CYCLES later. Rows leave in order by out_valid;
// `sent` says that one of them, or with `sent_tag` whatever that stands for, may be counted as gone: no more than CAPACITY
// are asked for that have not.

module operand_fetcher #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned W = 16,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned CAPACITY = 16,
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
  output logic                 busy,
  output logic                 read_valid,
  input  logic                 read_ready,
  output logic [ ROW_BITS-1:0] read_row,
  input  logic [    WIDTH-1:0] read_data,
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
  wire room = held != HELD_BITS'(CAPACITY);
  wire asks = busy && room && (!reads || read_ready);
  wire last = asks && done == fetch - 1'b1;
  assign read_valid = busy && room && reads;
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

  logic [SIZE_BITS-1:0] shown;  // columns
  valid_delay #(
    .WIDTH (1),
    .STAGES(gemmini_pkg::READ_CYCLES)
  ) valids (
    .clock(clock),
    .reset(reset),
    .in   (asks),
    .out  (out_valid)
  );

  delay #(
    .WIDTH (1 + SIZE_BITS),
    .STAGES(gemmini_pkg::READ_CYCLES)
  ) marks (
    .clock(clock),
    .in   ({tag, reads ? columns : SIZE_BITS'(0)}),
    .out  ({out_tag, shown})
  );

  generate
    genvar i;
    for (i = 0; i < SIDE; i = i + 1) begin : gen_mask
      assign out_data[i*W+:W] = shown > SIZE_BITS'(i) ? read_data[i*W+:W] : '0;
    end
  endgenerate

endmodule
