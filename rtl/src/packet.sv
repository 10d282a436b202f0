// The transaction that moves most of `left` bytes from `address` on; of equals the smallest. Sizes are 16, 32 or 64
// bytes, at most DMA_BYTES, and naturally aligned; a beat is 16 bytes. `first_beat` and `last_beat` hold its first
// and last useful byte. Combinational.

module packet #(
  parameter int unsigned DMA_BYTES = 64
) (
  input  logic [5:0] address,
  input  logic [6:0] left,        // 1 to 64
  output logic [1:0] size,        // 16 bytes << size
  output logic [6:0] useful,      // bytes
  output logic [5:0] offset,      // of the first useful byte
  output logic [1:0] first_beat,
  output logic [1:0] last_beat
);

  wire [6:0] most_16 = 7'd16 - 7'(address[3:0]);
  wire [6:0] most_32 = 7'd32 - 7'(address[4:0]);
  wire [6:0] most_64 = 7'd64 - 7'(address[5:0]);
  wire [6:0] useful_16 = most_16 < left ? most_16 : left;
  wire [6:0] useful_32 = most_32 < left ? most_32 : left;
  wire [6:0] useful_64 = most_64 < left ? most_64 : left;

  logic [6:0] last_byte;
  always_comb begin
    size = 2'd0;
    useful = useful_16;
    offset = {2'b00, address[3:0]};
    if (DMA_BYTES >= 32 && useful_32 > useful) begin
      size = 2'd1;
      useful = useful_32;
      offset = {1'b0, address[4:0]};
    end
    if (DMA_BYTES >= 64 && useful_64 > useful) begin
      size = 2'd2;
      useful = useful_64;
      offset = address;
    end
    last_byte = 7'(offset) + useful - 7'd1;
  end

  assign first_beat = offset[5:4];
  assign last_beat = last_byte[5:4];
  wire unused = &{1'b0, last_byte};

endmodule
