// One single-ported block RAM of a scratchpad bank: a read or a write a cycle, elements written as the mask
// says. read_data comes in the cycle after the read and stays until the next.

module memory_bank #(
  parameter int unsigned ROWS = 512,
  parameter int unsigned LANES = 4,
  parameter int unsigned LANE_BITS = 16,
  localparam int unsigned WIDTH = LANES * LANE_BITS,
  localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
  input  logic                clock,
  input  logic                enable,
  input  logic                write,
  input  logic [LANES-1:0]    mask,
  input  logic [ROW_BITS-1:0] row,
  input  logic [WIDTH-1:0]    write_data,
  output logic [WIDTH-1:0]    read_data
);

  (* ram_style = "block" *)
  logic [WIDTH-1:0] rows[ROWS];

  integer lane;
  always_ff @(posedge clock) begin
    if (enable) begin
      if (write) begin
        for (lane = 0; lane < LANES; lane = lane + 1) begin
          if (mask[lane]) begin
            rows[row][lane*LANE_BITS+:LANE_BITS] <= write_data[lane*LANE_BITS+:LANE_BITS];
          end
        end
      end else begin
        read_data <= rows[row];
      end
    end
  end

endmodule
