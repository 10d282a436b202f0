// One block RAM of the accumulator: a read and a write a cycle, elements written as the mask says. read_data
// comes in the cycle after the read; a read in the cycle of a write to the same row gives the old or an
// undefined row, so its users keep them apart.

module dual_port_bank #(
  parameter int unsigned ROWS = 512,
  parameter int unsigned LANES = 4,
  parameter int unsigned LANE_BITS = 16,
  localparam int unsigned WIDTH = LANES * LANE_BITS,
  localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
  input  logic                clock,
  input  logic                write,
  input  logic [LANES-1:0]    mask,
  input  logic [ROW_BITS-1:0] write_row,
  input  logic [WIDTH-1:0]    write_data,
  input  logic                read,
  input  logic [ROW_BITS-1:0] read_row,
  output logic [WIDTH-1:0]    read_data
);

  (* ram_style = "block" *)
  logic [WIDTH-1:0] rows[ROWS];

  integer lane;
  always_ff @(posedge clock) begin
    if (write) begin
      for (lane = 0; lane < LANES; lane = lane + 1) begin
        if (mask[lane]) begin
          rows[write_row][lane*LANE_BITS+:LANE_BITS] <= write_data[lane*LANE_BITS+:LANE_BITS];
        end
      end
    end
  end

  always_ff @(posedge clock) begin
    if (read) begin
      read_data <= rows[read_row];
    end
  end

endmodule
