import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;

/** A server as Java programs are: accepts in a thread with a name, and connects in another when it is told to. */
public class Flows {
    public static void main(String[] arguments) throws Exception {
        ServerSocket listener = new ServerSocket(0);
        Thread acceptor = new Thread(() -> accept(listener), "http-nio-8080-Acceptor");
        acceptor.setDaemon(true);
        acceptor.start();
        System.out.println(listener.getLocalPort());
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String port = commands.readLine(); port != null; port = commands.readLine()) {
            int to = Integer.parseInt(port);
            Thread client = new Thread(() -> connect(to), "http-client-of-the-test");
            client.start();
            client.join();
        }
    }

    private static void accept(ServerSocket listener) {
        try {
            while (true) {
                Socket accepted = listener.accept();
                System.out.println(accepted.getPort());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void connect(int port) {
        try {
            Socket connected = new Socket("127.0.0.1", port);
            System.out.println(connected.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
