// The local rows that the commands of one queue of the reservation station touch, and which of them a new command
// meets, for each of QUERIES ranges of it. A range is {accumulator, first row, end}: rows first up to end - 1 of the
// scratchpad or the accumulator; a command without the operand has an empty one. Combinational but for the table itself.

module range_table #(
  parameter int unsigned DEPTH = 8,
  parameter int unsigned ROW_BITS = 14,
  parameter int unsigned QUERIES = 1,
  localparam int unsigned RANGE_BITS = 2 * ROW_BITS + 2
) (
  input  logic                          clock,
  input  logic                          write,
  input  logic [             DEPTH-1:0] entry,       // one hot
  input  logic [        RANGE_BITS-1:0] range,
  input  logic [             DEPTH-1:0] live,
  input  logic [QUERIES*RANGE_BITS-1:0] with_range,
  output logic [     QUERIES*DEPTH-1:0] meets
);

  generate
    genvar i;
    genvar q;
    for (i = 0; i < DEPTH; i = i + 1) begin : gen_places
      logic accumulator;
      logic [ROW_BITS-1:0] first;
      logic [ROW_BITS:0] end_row;
      always_ff @(posedge clock) begin
        if (write && entry[i]) begin
          {accumulator, first, end_row} <= range;
        end
      end
      for (q = 0; q < QUERIES; q = q + 1) begin : gen_queries
        wire with_accumulator = with_range[q*RANGE_BITS+RANGE_BITS-1];
        wire [ROW_BITS-1:0] with_first = with_range[q*RANGE_BITS+ROW_BITS+1+:ROW_BITS];
        wire [ROW_BITS:0] with_end = with_range[q*RANGE_BITS+:ROW_BITS+1];
        assign meets[q*DEPTH+i] = live[i] && accumulator == with_accumulator && {1'b0, first} < with_end &&
                                  {1'b0, with_first} < end_row;
      end
    end
  endgenerate

endmodule
